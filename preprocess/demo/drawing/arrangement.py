"""Arrangement: the same pictures in the folders, under the names and beside the lists of others.

Convention:
    Market-1501's plan comes first (:mod:`preprocess.demo.drawing.layout`); here its entries get
    another path. Junk and distractors belong to Market-1501 alone, queries to what has them.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from preprocess.demo.drawing.layout import QUERY, STRANGERS_FROM, TRAIN, Entry

MARKET: Final = "market"
VIEWS: Final = ("front", "side", "back", "full", "additional")
CATEGORIES: Final = ("WOMENDresses", "MENDenim", "WOMENTees_Tanks", "MENShirts_Polos")

Place = Callable[[Entry, Mapping[int, int]], str]


def arranged(entries: Sequence[Entry], layout: str) -> list[Entry]:
    """Give the pictures of people their paths in a layout.

    Args:
        entries: A plan of Market-1501's layout.
        layout: Another one.
    """
    place = PLACES[layout]
    without = (QUERY,) if layout in WITHOUT_QUERIES else ()
    people = [e for e in entries if e.person < STRANGERS_FROM and e.folder not in without]
    labels = _labels(people)
    arranged_ones = []
    for entry in people:
        path = place(entry, labels)
        # labels of MSMT17 count anew in the test lists, so names alone may be there twice
        told = path if layout == "msmt17" else path.rpartition("/")[2]
        arranged_ones.append(dataclasses.replace(entry, placed=path, told=told))
    return arranged_ones


def lists_of(entries: Sequence[Entry], layout: str) -> dict[str, str]:
    """Compose the lists that belong to a layout: name to text.

    Args:
        entries: Its pictures, arranged.
        layout: The layout.
    """
    if layout == "msmt17":
        return _msmt17_lists(entries)
    if layout == "folders":
        return {"labels.csv": _labels_file(entries)}
    return {}


def _labels(entries: Sequence[Entry]) -> dict[int, int]:
    """Number the people of each split from 0."""
    labels: dict[int, int] = {}
    for is_train in (True, False):
        people = sorted({e.person for e in entries if (e.folder == TRAIN) == is_train})
        labels.update({person: number for number, person in enumerate(people)})
    return labels


def _cuhk03(entry: Entry, _: Mapping[int, int]) -> str:
    return f"{entry.folder}/{entry.person:04d}_c{entry.camera}_{entry.index + 1}.png"


def _msmt17(entry: Entry, labels: Mapping[int, int]) -> str:
    label = f"{labels[entry.person]:04d}"
    name = f"{label}_{entry.index:03d}_{entry.camera:02d}_0303morning_{entry.index:04d}_0.jpg"
    return f"{entry.split}/{label}/{name}"


def _folders(entry: Entry, _: Mapping[int, int]) -> str:
    return f"{entry.person:04d}/{entry.person:04d}_{entry.index + 1:03d}.jpg"


def _deepfashion(entry: Entry, _: Mapping[int, int]) -> str:
    category, view = CATEGORIES[entry.person % 4], VIEWS[entry.index % len(VIEWS)]
    name = f"fashion{category}id{entry.person:08d}01_{entry.index + 1}{view}.jpg"
    return f"{entry.split}/{name}"


PLACES: Final[Mapping[str, Place]] = {
    "cuhk03": _cuhk03,
    "msmt17": _msmt17,
    "folders": _folders,
    "deepfashion": _deepfashion,
}
WITHOUT_QUERIES: Final = ("folders", "deepfashion")


def _msmt17_lists(entries: Sequence[Entry]) -> dict[str, str]:
    """Each person's last training picture is for validation."""
    labels = _labels(entries)
    last = {entry.person: entry.path for entry in entries if entry.split == "train"}
    lists: dict[str, list[str]] = {kind: [] for kind in ("train", "val", "query", "gallery")}
    for entry in entries:
        if entry.split == "train":
            kind = "val" if entry.path == last[entry.person] else "train"
        else:
            kind = "query" if entry.folder == QUERY else "gallery"
        path = entry.path.partition("/")[2]
        lists[kind].append(f"{path} {labels[entry.person]}\n")
    return {f"list_{kind}.txt": "".join(lines) for kind, lines in lists.items()}


def _labels_file(entries: Sequence[Entry]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("name", "identity", "camera", "split"))
    writer.writerows((e.path, e.person, e.camera, e.split) for e in entries)
    return stream.getvalue()
