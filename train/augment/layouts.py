"""Where images lie so that a tool finds them: real ones and generated ones in one merged folder.

Convention:
    Places are relative to the output folder. Parts are named as in
    :data:`data_manifest.reid.reading.MARKET_FOLDERS`: train, query and gallery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Protocol

from data_manifest.reid.reading import MARKET_FOLDERS
from train.augment.real import RealImage
from train.augment.settings import LayoutName

LIST: Final = "train.list"
IMAGES: Final = "images"
VAL: Final = "val"


class Layout(Protocol):
    """A way to lay images out."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the real data set that it takes in."""

    def real(self, images: Sequence[RealImage]) -> dict[str, RealImage]:
        """Place the real images."""

    def drawn(self, name: str) -> str:
        """Place a generated image."""

    def lists(self, places: Sequence[str]) -> dict[str, str]:
        """Compose the lists of all train images: names to texts."""


@dataclass(frozen=True)
class Market:
    """Market-1501's three folders; generated images lie among the real ones of the train folder."""

    parts: tuple[str, ...] = ("train", "query", "gallery")

    def real(self, images: Sequence[RealImage]) -> dict[str, RealImage]:
        """Place each in its part's folder."""
        return {f"{MARKET_FOLDERS[image.part]}/{image.name}": image for image in images}

    def drawn(self, name: str) -> str:
        """Place it in the train folder."""
        return f"{MARKET_FOLDERS['train']}/{name}"

    def lists(self, places: Sequence[str]) -> dict[str, str]:
        """Compose nothing: names say all."""
        return {}


@dataclass(frozen=True)
class Folders:
    """A folder for each identity: ``pytorch/train``, ``val``, ``query`` and ``gallery``.

    The first real image of each person is their validation image, and is not trained on where
    there is another one.
    """

    parts: tuple[str, ...] = ("train", "query", "gallery")

    def real(self, images: Sequence[RealImage]) -> dict[str, RealImage]:
        """Place each with its person."""
        count = Counter(_identity(image.name) for image in images if image.part == "train")
        seen: set[str] = set()
        places = {}
        for image in images:
            identity = _identity(image.name)
            is_first = image.part == "train" and identity not in seen
            if is_first:
                seen.add(identity)
                places[self._place(VAL, image.name)] = image
            if not is_first or count[identity] == 1:
                places[self._place(image.part, image.name)] = image
        return places

    def drawn(self, name: str) -> str:
        """Place it with its person."""
        return self._place("train", name)

    def lists(self, places: Sequence[str]) -> dict[str, str]:
        """Compose nothing: folders say all."""
        return {}

    @staticmethod
    def _place(part: str, name: str) -> str:
        return f"pytorch/{part}/{_identity(name)}/{name}"


@dataclass(frozen=True)
class Listed:
    """One folder of images, and a list with a label from 0 on behind each name."""

    parts: tuple[str, ...] = ("train",)

    def real(self, images: Sequence[RealImage]) -> dict[str, RealImage]:
        """Place all in one folder."""
        return {f"{IMAGES}/{image.name}": image for image in images}

    def drawn(self, name: str) -> str:
        """Place it in the same folder."""
        return f"{IMAGES}/{name}"

    def lists(self, places: Sequence[str]) -> dict[str, str]:
        """Compose the list, sorted by names; labels number the identities in their order."""
        people = {place: _identity(PurePosixPath(place).name) for place in places}
        labels = {each: label for label, each in enumerate(sorted(set(people.values()), key=int))}
        lines = (f"{place} {labels[people[place]]}\n" for place in sorted(places))
        return {LIST: "".join(lines)}


def _identity(name: str) -> str:
    return name.partition("_")[0]


LAYOUTS: Final[Mapping[LayoutName, Layout]] = {
    "market": Market(),
    "folders": Folders(),
    "list": Listed(),
}
