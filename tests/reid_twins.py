"""The rules of re-identification tools once more, on real folders, written from the facts alone.

Each twin either raises, as the tool would stop, or returns what the tool has in its hands:
(name, identity, camera) for each image of a part. ``scored`` is the rule of every evaluation.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

Seen = list[tuple[str, int, int]]
FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}


def by_pattern(root: Path) -> dict[str, Seen]:
    """torchreid, fast-reid, CLIP-ReID: a pattern anywhere in the path of every ``*.jpg``."""
    found: dict[str, Seen] = {}
    for part, folder in FOLDERS.items():
        found[part] = []
        for path in Path(root, folder).glob("*.jpg"):
            if path.name[0] == ".":
                continue
            groups = re.findall(r"([-\d]+)_c(\d)", str(path.absolute()))[0]
            identity, camera = int(groups[0]), int(groups[1])
            if identity != -1:
                if not (0 <= identity <= 1501 and 1 <= camera <= 6):
                    raise ValueError(path.name)
                found[part].append((path.name, identity, camera))
    return found


def by_copies(root: Path, aside: Path) -> dict[str, Seen]:
    """layumi's baseline: copies by the text before ``_``, then reads four characters."""
    found: dict[str, Seen] = {}
    labels: dict[str, int] = {}
    for part, folder in FOLDERS.items():
        for _, _, names in os.walk(root / folder):
            for name in names:
                if name[-3:] == "jpg":
                    place = aside / part / name.split("_")[0]
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(root / folder / name, place / name)
        found[part] = []
        for place in sorted(path for path in (aside / part).iterdir() if path.is_dir()):
            label = labels.setdefault(place.name, len(labels))
            for path in sorted(place.iterdir()):
                if not path.name.lower().endswith((".jpg", ".jpeg", ".png")):
                    continue
                if part == "train":
                    found[part].append((path.name, label, 0))
                    continue
                camera = int(path.name.split("c")[1][0])
                identity = -1 if path.name.startswith("-1") else int(path.name[0:4])
                if identity != -1:
                    found[part].append((path.name, identity, camera))
    return found


def scored(query: tuple[str, int, int], gallery: Seen) -> bool:
    """Whether anything is left of the gallery for a query."""
    _, identity, camera = query
    others = [image for image in gallery if not (image[1] == identity and image[2] == camera)]
    return any(image[1] == identity for image in others)
