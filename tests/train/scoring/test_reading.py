"""Reading pairs: the mean image, chunks, panels, sources that only some pairs have, hashes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scored_pictures import save

from shared.console import Stage
from shared.errors import UsageError
from train.scoring.pairing import Pair
from train.scoring.pictures import Cut
from train.scoring.reading import digest_of, read_chunks, read_cut, survey

SIZE = (6, 4)


def stage(total: int) -> Stage:
    return Stage("read", total, lambda: 0.0)


@pytest.fixture
def pictures(rng: np.random.Generator) -> np.ndarray:
    """Source, real and generated images: uint8 (3, 5, 6, 4, 3)."""
    return rng.integers(0, 256, (3, 5, *SIZE, 3), dtype=np.uint8)


@pytest.fixture
def pairs(pictures: np.ndarray, tmp_path: Path) -> tuple[Pair, ...]:
    found = []
    for row in range(pictures.shape[1]):
        path = save(tmp_path / f"{row}.png", *pictures[:, row])
        source, real, generated = (Cut(path, number, SIZE[1]) for number in range(3))
        found.append(
            Pair(name=f"{row}", target=f"t{row}", generated=generated, real=real, original=source)
        )
    return tuple(found)


def test_chunks_hold_every_pair_in_order_with_their_place(
    pairs: tuple[Pair, ...], pictures: np.ndarray
) -> None:
    found = list(read_chunks(pairs, 2, {}))
    assert [chunk.first for chunk in found] == [0, 2, 4]
    for number, side in enumerate(("original", "real", "generated")):
        joined = np.concatenate([getattr(chunk, side) for chunk in found])
        np.testing.assert_array_equal(joined, pictures[number])


def test_sources_are_given_only_where_every_pair_has_one(pairs: tuple[Pair, ...]) -> None:
    lacking = (replace(pairs[0], original=None), *pairs[1:])
    assert all(chunk.original is None for chunk in read_chunks(lacking, 2, {}))


def test_the_mean_is_that_of_the_real_images_rounded(
    pairs: tuple[Pair, ...], pictures: np.ndarray
) -> None:
    steps = stage(len(pairs))
    found = survey(pairs, 2, steps)
    np.testing.assert_array_equal(found.mean, np.rint(pictures[1].mean(0)).astype(np.uint8))
    assert not np.array_equal(found.mean, pictures[1].mean(0).astype(np.uint8))
    assert found.size == SIZE and steps.done == len(pairs)


def test_every_file_has_its_hash_once(pairs: tuple[Pair, ...]) -> None:
    hashes = survey(pairs, 2, stage(5)).hashes
    expected = {
        pair.real.path: hashlib.sha256(pair.real.path.read_bytes()).hexdigest() for pair in pairs
    }
    assert hashes == expected


def test_many_files_have_the_hash_of_what_sha256sum_prints_in_the_order_of_names() -> None:
    hashes = {Path("x/b.png"): "1" * 64, Path("y/a.png"): "2" * 64}
    lines = f"{'2' * 64}  a.png\n{'1' * 64}  b.png\n"
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert digest_of(list(hashes), hashes) == digest_of(list(hashes)[::-1], hashes) == expected


def test_a_whole_file_is_one_image(tmp_path: Path, pictures: np.ndarray) -> None:
    path = save(tmp_path / "whole.png", pictures[0, 0], pictures[0, 1])
    np.testing.assert_array_equal(read_cut(Cut(path)), np.concatenate(pictures[0, :2], 1))


def test_an_image_of_another_size_is_named_with_its_pair(
    pairs: tuple[Pair, ...], tmp_path: Path
) -> None:
    other = save(tmp_path / "other.png", np.zeros((6, 5, 3), np.uint8))
    for side in ("generated", "real", "original"):
        wrong = (*pairs[:3], replace(pairs[3], **{side: Cut(other)}), pairs[4])
        with pytest.raises(UsageError, match="6 x 5 in pair 3"):
            list(read_chunks(wrong, 2, {}))
