"""A split for a data set that has none: by person, from a seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from preprocess.settings import TEST_SHARE, SourceSettings
from preprocess.sources.source import SourceImage


def recorded(how: SourceSettings, *, has_split: bool) -> Mapping[str, object]:
    """What of the settings decides a data set's split, for the run's record."""
    return {} if has_split else {"test_share": _share(how), "split_seed": how.split_seed or 0}


def split_by_person(
    images: Sequence[SourceImage], how: SourceSettings
) -> tuple[list[SourceImage], str]:
    """Divide the people of a data set into train and test.

    The people are taken in the order of their numbers; as many as the share says, drawn by the
    seed, are for testing: at least one, and not all, where the share is neither 0 nor 1. Images
    that are never paired go with the training.

    Args:
        images: The images, their splits empty.
        how: Share and seed.

    Returns:
        The images, train first, and a line that says what was decided.
    """
    people = sorted({image.identity for image in images if image.may_be_paired})
    share, seed = _share(how), how.split_seed or 0
    count = round(share * len(people))
    if 0 < share < 1 and len(people) > 1:
        count = min(max(count, 1), len(people) - 1)
    order = np.random.default_rng(seed).permutation(len(people))
    chosen = {people[place] for place in order[:count]}
    placed = [
        dataclasses.replace(
            image,
            split="test" if image.may_be_paired and image.identity in chosen else "train",
        )
        for image in images
    ]
    said = (
        f"no split in the data: {count:,} of {len(people):,} people are for testing "
        f"(--test-share {share:g} --split-seed {seed})"
    )
    return train_first(placed), said


def train_first(images: Sequence[SourceImage]) -> list[SourceImage]:
    """Put train before test; the order stays within each."""
    return sorted(images, key=lambda image: image.split != "train")


def _share(how: SourceSettings) -> float:
    return TEST_SHARE if how.test_share is None else float(how.test_share)
