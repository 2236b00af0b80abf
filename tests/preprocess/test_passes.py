"""What the passes of stage 1 share: each file is read and decoded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_market import ContentEstimator, hashes, make_market, prepare

import preprocess.passes
import preprocess.sources.images
from shared.errors import UsageError
from shared.files import TEMPORARY_SUFFIX, is_temporary

PICTURE_BYTES = 128 * 64 * 3


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often the content of each file is decoded."""
    seen: Counter[str] = Counter()
    really = preprocess.sources.images.decode_rgb

    def counted(data: bytes, *how: object) -> np.ndarray:
        seen[str(hash(data))] += 1
        return really(data, *how)

    monkeypatch.setattr("preprocess.sources.images.decode_rgb", counted)
    return seen


def before_pairing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act between the pass that checks images and the one that makes shards."""
    really = preprocess.passes.make_split

    def acting(*arguments: object) -> object:
        act()
        return really(*arguments)

    monkeypatch.setattr("preprocess.passes.make_split", acting)


def scratch_of(out: Path) -> list[Path]:
    return sorted((out / ".work").glob(f".pictures-*{TEMPORARY_SUFFIX}"))


@pytest.mark.parametrize("keypoints", [True, False])
def test_every_file_is_decoded_once(keypoints: bool, tmp_path: Path, decoded: Counter[str]) -> None:
    market = make_market(tmp_path, images=2)
    out = prepare(market, tmp_path / "out", keypoints=keypoints, shards={"image_size": (64, 32)})
    assert len(decoded) == 12 and set(decoded.values()) == {1}
    assert scratch_of(out) == []


@pytest.mark.parametrize("keypoints", [True, False])
@pytest.mark.parametrize("size", [(128, 64), (64, 32), (128, 96)])
def test_room_for_pictures_changes_no_shard(
    keypoints: bool, size: tuple[int, int], tmp_path: Path, decoded: Counter[str]
) -> None:
    market, found, times = make_market(tmp_path, identities=1, images=6), [], []
    for room in (0, 7 * PICTURE_BYTES, 10**9):
        decoded.clear()
        out = prepare(market, tmp_path / f"{room}", keypoints=keypoints,
                      shards={"image_size": size}, run_settings={"scratch": room})  # fmt: skip
        found.append(hashes(out))
        times.append(sum(decoded.values()))
    assert found[0] == found[1] == found[2] and found[0]
    assert times[2] == 12
    if keypoints:  # else nobody knows beforehand which poses are valid
        missing = 12 - min(12, 7 * PICTURE_BYTES // (size[0] * size[1] * 3))
        assert times[:2] == [24, 12 + missing]
    else:
        assert times[0] > times[1] > 12


def test_several_sizes_are_kept_and_resized_like_any(tmp_path: Path) -> None:
    market = make_market(tmp_path, images=2)
    first = sorted(market.folder("train").iterdir())[0]
    Image.open(first).resize((100, 150)).save(first)
    outs = [
        prepare(
            market,
            tmp_path / f"{room}",
            keypoints=False,
            shards={"any_size": True},
            run_settings={"scratch": room},
        )
        for room in (0, 10**9)
    ]
    assert hashes(outs[0]) == hashes(outs[1])


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"\0" * 100)])
def test_scratch_that_is_lost_is_read_again_from_the_source(
    harm: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market, out = make_market(tmp_path), tmp_path / "out"
    expected, met = hashes(prepare(market, tmp_path / "reference")), []

    def lose() -> None:
        for path in scratch_of(out):
            met.append(path)
            harm(path)

    before_pairing(monkeypatch, lose)
    assert hashes(prepare(market, out)) == expected
    assert met and scratch_of(out) == []


@pytest.mark.parametrize("room", [0, 10**9])
def test_a_source_that_changes_between_the_passes_harms_no_shard(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market(tmp_path)
    expected = hashes(prepare(market, tmp_path / "reference"))

    def change() -> None:
        for path in market.folder("train").iterdir():
            path.write_bytes(b"something else")

    before_pairing(monkeypatch, change)
    how = {"scratch": room}
    if room:
        assert hashes(prepare(market, tmp_path / "out", run_settings=how)) == expected
    else:
        with pytest.raises(UsageError, match="the image that was checked before"):
            prepare(market, tmp_path / "out", run_settings=how)


def test_a_run_that_fails_leaves_no_scratch(tmp_path: Path) -> None:
    market, out = make_market(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(market, out, keypoints=False, estimator=ContentEstimator(stop_after=0))
    assert scratch_of(out) == []


def test_scratch_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    market, out = make_market(tmp_path), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(market, out, keypoints=False, estimator=ContentEstimator(stop_after=0))
    left = out / ".work" / f".pictures-000000.4{TEMPORARY_SUFFIX}"
    left.write_bytes(b"of process 4")
    assert is_temporary(left.name)
    prepare(market, out, keypoints=False)
    assert not left.exists()
