"""The forms that are folders of images with lists beside them, as other systems read them.

Convention:
    Every form has the field's own four files, ``market-annotation-{train,test}.csv`` and
    ``market-pairs-{train,test}.csv``, so that ``prep-market`` reads it again; what a system reads
    in their place stands beside them. Its root is what that system calls its data folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data_manifest import schema
from data_manifest.export.content import SplitContent
from data_manifest.published_files import keypoints_text, pairs_text
from shared.errors import UsageError, problem


@dataclass(frozen=True)
class Tree:
    """Where a system looks for images and lists.

    Args:
        images: Folder of a split's images; ``{split}`` stands for its name.
        lists: Folder of the lists.
        further: Further lists of a split: name (with ``{split}``) to its text.
    """

    images: str
    lists: str
    further: Mapping[str, Callable[[SplitContent], str]]

    def folder(self, split: str) -> str:
        """The folder of a split's images."""
        return self.images.format(split=split)

    def list_files(self, split: str) -> list[str]:
        """The names of a split's lists."""
        own = ("market-annotation-{split}.csv", "market-pairs-{split}.csv", *self.further)
        return [str(Path(self.lists, name.format(split=split))) for name in own]

    def files(self, content: SplitContent) -> list[str]:
        """The names of a split's images and lists."""
        folder = self.folder(content.name)
        images = [f"{folder}/{name}" for name in content.names]
        return [*images, *self.list_files(content.name)]

    def list_texts(self, content: SplitContent, *, whole_pixels: bool) -> dict[str, str]:
        """Compose a split's lists: names to texts."""
        files = self.list_files(content.name)
        joints = content.joints.astype("float64")
        key_points = keypoints_text(Path(files[0]), content.names, joints, exact=not whole_pixels)
        texts = [key_points, pairs_text(content.sources, content.targets)]
        texts += [compose(content) for compose in self.further.values()]
        return dict(zip(files, texts, strict=True))

    def folders(self) -> list[str]:
        """Every folder of the form."""
        return [self.lists, *(self.folder(split) for split in schema.SPLITS)]


def name_list(content: SplitContent) -> str:
    """GFLA's list of images: one name a line."""
    return "".join(f"{name}\n" for name in content.names)


def json_pairs(content: SplitContent) -> str:
    """PCDMs' list of pairs: JSON records of ``source_image`` and ``target_image``."""
    pairs = zip(content.sources, content.targets, strict=True)
    records = [json.dumps({"source_image": source, "target_image": to}) for source, to in pairs]
    return "[\n" + ",\n".join(records) + "\n]\n"


def target_first(content: SplitContent) -> str:
    """NTED's list of pairs, as its code reads it: the target, a comma, the source.

    Raises:
        UsageError: A name holds a comma.
    """
    odd = next((name for name in content.names if "," in name), None)
    if odd is not None:
        remedy = "choose another --format"
        raise UsageError(problem("--format nted", "names without commas", repr(odd), remedy))
    pairs = zip(content.sources, content.targets, strict=True)
    return "".join(f"{target},{source}\n" for source, target in pairs)


TREES: Final[Mapping[str, Tree]] = {
    "pose-gan": Tree("market-dataset/{split}", ".", {}),
    "gfla": Tree("dataset/market/{split}", "dataset/market", {"{split}.lst": name_list}),
    "pcdms": Tree("{split}", ".", {"{split}_data.json": json_pairs}),
    "nted": Tree("{split}", ".", {"{split}_pairs.txt": target_first}),
}
"""The forms by the name of their system."""
