"""The stage over several calls: what a folder holds already, what fails, and what goes on."""

from __future__ import annotations

import errno
import itertools
from pathlib import Path

import pytest
from disks import FailingDisk
from small_market import (
    ContentEstimator,
    SmallMarket,
    hashes,
    make_market,
    prepare,
    tree,
)

from data_manifest.tables import load_pairs
from preprocess.output.folder import OutputFolder
from shared.errors import NoSpaceError, PoseGanError, UsageError
from shared.files import Disk
from shared.owned_folder import OwnedFolder

pytestmark = pytest.mark.long


def test_a_finished_folder_is_verified_and_left_alone(market: SmallMarket, tmp_path: Path) -> None:
    out = prepare(market, tmp_path / "out")
    before = tree(out)
    prepare(market, out)
    assert tree(out) == before


def test_a_damaged_shard_of_a_finished_folder_is_made_again(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    before, times = hashes(out), tree(out)
    victim = out / "train-00001.h5"
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    prepare(market, out)
    assert hashes(out) == before
    assert tree(out)["train-00000.h5"] == times["train-00000.h5"]


def test_other_settings_are_refused_with_the_differences(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    before = hashes(out)
    with pytest.raises(UsageError, match=r"num_test_pairs: was 12000, now 7.*--overwrite"):
        prepare(market, out, shards={"num_test_pairs": 7})
    assert hashes(out) == before
    prepare(market, out, shards={"num_test_pairs": 7}, run_settings={"overwrite": True})
    assert len(load_pairs(out, "test")) == 7


def test_a_run_that_failed_before_its_first_shard_binds_nobody(
    market: SmallMarket, tmp_path: Path
) -> None:
    stopped = ContentEstimator(stop_after=0)
    with pytest.raises(KeyboardInterrupt):
        prepare(market, tmp_path / "out", keypoints=False, estimator=stopped)
    assert len(hashes(prepare(market, tmp_path / "out"))) == 6


def test_another_source_is_refused(market: SmallMarket, tmp_path: Path) -> None:
    out = prepare(market, tmp_path / "out")
    (market.folder("train") / market.names["train"][0]).unlink()
    with pytest.raises(UsageError, match=r"source\.images: was 24, now 23"):
        prepare(market, out)


def test_files_of_others_are_never_removed(market: SmallMarket, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("all my work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"one that prep-market made, found thesis\.tex"):
            prepare(market, out, run_settings={"overwrite": overwrite})
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]
    assert (out / "thesis.tex").read_text() == "all my work"


def test_space_is_checked_before_work_starts(market: SmallMarket, tmp_path: Path) -> None:
    class FullDisk(Disk):
        def free_bytes(self, folder: Path) -> int:
            return 500_000

    with pytest.raises(NoSpaceError, match="500,000"):
        prepare(market, tmp_path / "out", disk=FullDisk())
    assert hashes(tmp_path / "out") == {}


def test_a_dry_run_writes_nothing(
    market: SmallMarket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    prepare(market, out, run_settings={"dry_run": True})
    assert list(out.iterdir()) == []
    said = capsys.readouterr().out
    assert "24, of them at most 24 valid" in said and "36 train pairs, 36 test pairs" in said


def test_kept_poses_are_not_estimated_again(market: SmallMarket, tmp_path: Path) -> None:
    reference = prepare(market, tmp_path / "reference", keypoints=False)
    out, first, second = tmp_path / "out", ContentEstimator(), ContentEstimator()
    prepare(market, out, keypoints=False, estimator=first)
    prepare(market, out, keypoints=False, estimator=second, shards={"num_test_pairs": 3},
            run_settings={"overwrite": True})  # fmt: skip
    assert (first.estimated, second.estimated) == (24, 0)
    third = ContentEstimator()
    third.key = "another model"
    prepare(market, out, keypoints=False, estimator=third, run_settings={"overwrite": True})
    assert third.estimated == 24
    assert hashes(out) == hashes(reference)


def test_a_stopped_pose_stage_loses_at_most_one_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preprocess.pose.stage.BLOCK_IMAGES", 5)
    market = make_market(tmp_path)
    stopped, again = ContentEstimator(stop_after=13), ContentEstimator()
    with pytest.raises(KeyboardInterrupt):
        prepare(market, tmp_path / "out", keypoints=False, estimator=stopped)
    prepare(market, tmp_path / "out", keypoints=False, estimator=again)
    assert again.estimated == 24 - 10
    reference = prepare(market, tmp_path / "reference", keypoints=False)
    assert hashes(tmp_path / "out") == hashes(reference)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.long
def test_any_single_fault_of_the_disk_leaves_valid_data(number: int, tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=2, images=2)
    reference = prepare(market, tmp_path / "reference")
    expected = hashes(reference)
    kind = NoSpaceError if number == errno.ENOSPC else UsageError
    for fail_at in itertools.count():
        out = tmp_path / f"out{fail_at}"
        disk = FailingDisk(fail_at, number)
        try:
            prepare(market, out, disk=disk)
            if disk.calls <= fail_at:
                break  # no call was left to fail; faults of scratch files stop nothing
        except PoseGanError as error:
            assert isinstance(error, kind) and str(out) in error.message
        assert set(hashes(out).items()) <= set(expected.items())
        finished = OutputFolder(OwnedFolder(out, "prep-market")).finished()
        assert (
            finished is None
            or OutputFolder(OwnedFolder(out, "prep-market")).damaged_files(finished) == []
        )
        if fail_at % 4 == 0:
            prepare(market, out)
            assert hashes(out) == expected
            assert list(out.rglob("*.part")) == []
    assert fail_at > 60 and hashes(out) == expected
