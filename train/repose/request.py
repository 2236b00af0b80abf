"""What a call asks for: sources and targets, opened, and the record by which it is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from shared.console import Console
from shared.errors import UsageError, problem
from shared.input_file import read_input
from train.inference.models import DEMO, LONGEST
from train.repose.naming import label_of, unlike
from train.repose.photos import Photo, open_photo, photos_in
from train.repose.settings import ReposeSettings
from train.repose.targets import Target, targets_of

DRAWN_BY: Final = ("raw_weights", "smooth", "fps", "gif", "put_back")
"""Settings that decide what is drawn, besides the files."""


@dataclass
class Faults:
    """What cannot be used, one line each: a warning where something else can be."""

    console: Console
    lines: list[UsageError] = field(default_factory=list)
    told: int = 0

    def add(self, error: UsageError) -> None:
        """Remember one."""
        self.lines.append(error)

    def require_any(self, usable: Sequence[object]) -> None:
        """Tell what was added; the last line is the error where nothing is left.

        Raises:
            UsageError: Nothing is.
        """
        nothing = UsageError(problem("repose", "a source and a target", "none", "name them"))
        last = None if usable else (self.lines or [nothing]).pop()
        for error in self.lines[self.told :]:
            self.console.warn(error.message)
        self.told = len(self.lines)
        if last is not None:
            raise last


@dataclass(frozen=True)
class Request:
    """Sources and targets of a call.

    Attributes:
        sources: Photos of the people.
        source_labels: Their names in what is drawn, each once.
        targets: Poses and sequences.
        pose_model: What stage 1 is to use.
    """

    sources: tuple[Photo, ...]
    source_labels: tuple[str, ...]
    targets: tuple[Target, ...]
    pose_model: str

    @property
    def photos(self) -> list[Photo]:
        """Every photo whose pose has to be known."""
        return [*self.sources, *(photo for target in self.targets for photo in target.photos)]

    def plain(self, settings: ReposeSettings, origin: dict[str, str]) -> dict[str, Any]:
        """Return all that decides what is drawn, in values that JSON can hold; no places."""
        files = [read_input(file).named_hash for file in settings.source_poses]
        return {
            "model": origin,
            "pose_model": self.pose_model,
            "source_poses": files,
            "sources": dict(
                zip(self.source_labels, (each.key for each in self.sources), strict=True)
            ),
            "targets": [
                {"name": each.label, "frames": len(each.frames), "sha256": _hash_of(each)}
                for each in self.targets
            ],
            "settings": {name: getattr(settings, name) for name in DRAWN_BY},
        }


def open_request(settings: ReposeSettings, faults: Faults) -> Request:
    """Open what is named.

    Raises:
        UsageError: No source or no target can be used.
    """
    boxes = settings.boxes
    paths = [path for named in settings.source for path in _photos_of(named)]
    if boxes and len(boxes) != len(paths):
        remedy = "give one box for each source photo, or none"
        raise UsageError(problem("--box", f"{len(paths)}", len(boxes), remedy))
    sources = []
    for number, path in enumerate(paths):
        try:
            sources.append(open_photo(path, boxes[number] if boxes else None))
        except UsageError as error:
            faults.add(error)
    faults.require_any(sources)
    targets: list[Target] = []
    for path in settings.target:
        try:
            targets += targets_of(path, tables_are_sequences=settings.sequence)
        except UsageError as error:
            faults.add(error)
    faults.require_any(targets)
    pose_model = _pose_model(settings)
    labels = unlike(label_of(photo.path.name) for photo in sources)
    return Request(tuple(sources), tuple(labels), tuple(targets), pose_model)


def _pose_model(settings: ReposeSettings) -> str:
    given = settings.pose_model
    if given is None:
        return DEMO if settings.model == DEMO else "auto"
    if not given.isprintable() or not given.strip() or len(given) > LONGEST:
        remedy = "name one as extract-poses takes it"
        raise UsageError(problem("--pose-model", "a model or a file", repr(given[:40]), remedy))
    return given


def _photos_of(named: Path) -> list[Path]:
    return photos_in(named) if named.is_dir() else [named]


def _hash_of(target: Target) -> str:
    keys = [
        frame.key if isinstance(frame, Photo) else np.asarray(frame).tobytes().hex()
        for frame in target.frames
    ]
    return hashlib.sha256(json.dumps([target.is_sequence, keys]).encode()).hexdigest()
