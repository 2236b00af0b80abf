"""What the user gives in place of estimated poses and of own pairs, each file read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from data_manifest.published_files import read_pairs
from preprocess.settings import PrepareSettings
from shared.input_file import InputFile, read_input

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GivenFiles:
    """The files that the settings name.

    Args:
        keypoints: Key point files.
        pair_lists: Split to its pair list, for those that have one.
    """

    keypoints: tuple[InputFile, ...] = ()
    pair_lists: Mapping[str, InputFile] = field(default_factory=dict)

    @cached_property
    def pairs(self) -> Mapping[str, pd.DataFrame]:
        """Split to its given pairs, see :func:`data_manifest.published_files.read_pairs`."""
        return {split: read_pairs(file) for split, file in self.pair_lists.items()}


def read_given(settings: PrepareSettings) -> GivenFiles:
    """Read the files that the settings name.

    Raises:
        UsageError: One of them cannot be read.
    """
    named = {"train": settings.train_pairs, "test": settings.test_pairs}
    return GivenFiles(
        tuple(read_input(path) for path in settings.keypoints),
        {split: read_input(path) for split, path in named.items() if path is not None},
    )
