"""train-reid: what it writes, keeps and refuses; reading judges back."""

from __future__ import annotations

import errno
import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import call
from disks import FailingDisk
from people_pictures import write_people
from PIL import Image

from shared.console import Console
from shared.errors import DamagedError, PoseGanError, UsageError
from train.reid.judge import read_judge
from train.reid.lesson import LESSON
from train.reid.make import make_judge
from train.reid.people import find_pictures
from train.reid.settings import ReidSettings

pytestmark = pytest.mark.long

QUIET = Console(quiet=True)
SHORT = replace(LESSON, steps=2, pictures=2)
CPU = torch.device("cpu")


@pytest.fixture
def settings(tmp_path: Path) -> ReidSettings:
    src = write_people(tmp_path / "market" / "bounding_box_train", range(1, 10))
    return ReidSettings(src=src, out=tmp_path / "reid", device="cpu")


def test_one_file_its_hash_and_its_origin(settings: ReidSettings) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (settings.out / "reid.pt.sha256").read_text() == f"{sha256}  reid.pt\n"
    judge = read_judge(path, CPU)
    assert judge.sha256 == sha256
    assert judge.origin["num_people"] == 9 and judge.origin["num_images"] == 27
    lines = "".join(
        f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n"
        for one in sorted(settings.src.iterdir())
    )
    assert judge.origin["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    seen = judge(torch.randint(0, 256, (2, 40, 24, 3), dtype=torch.uint8))
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, rtol=1e-5)


def test_equal_pictures_give_an_equal_judge_and_training_changes_it(settings: ReidSettings) -> None:
    first = make_judge(settings, QUIET, lesson=SHORT).read_bytes()
    again = replace(settings, out=settings.out.with_name("again"))
    assert make_judge(again, QUIET, lesson=SHORT).read_bytes() == first
    longer = replace(settings, out=settings.out.with_name("longer"))
    assert make_judge(longer, QUIET, lesson=replace(SHORT, steps=3)).read_bytes() != first


def test_a_judge_that_is_there_is_kept_and_one_of_other_pictures_refused(
    settings: ReidSettings,
) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    before = path.stat().st_mtime_ns
    make_judge(settings, QUIET, lesson=SHORT)
    assert path.stat().st_mtime_ns == before
    write_people(settings.src, range(20, 21))
    with pytest.raises(UsageError, match="--overwrite"):
        make_judge(settings, QUIET, lesson=SHORT)
    assert path.stat().st_mtime_ns == before
    make_judge(replace(settings, overwrite=True), QUIET, lesson=SHORT)
    assert read_judge(path, CPU).origin["num_people"] == 10


def test_a_torn_judge_is_made_anew(settings: ReidSettings) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000])
    with pytest.raises(DamagedError):
        read_judge(path, CPU)
    make_judge(settings, QUIET, lesson=SHORT)
    assert path.read_bytes() == whole


def test_the_hash_that_a_killed_call_did_not_write_is_written_by_the_next(
    settings: ReidSettings,
) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    beside = path.with_name("reid.pt.sha256")
    noted, made = beside.read_text(), path.stat().st_mtime_ns
    beside.unlink()
    make_judge(settings, QUIET, lesson=SHORT)
    assert beside.read_text() == noted and path.stat().st_mtime_ns == made


def test_a_failing_disk_leaves_a_whole_judge_or_none(settings: ReidSettings) -> None:
    for number in range(40):
        try:
            make_judge(settings, QUIET, FailingDisk(number, errno.ENOSPC), SHORT)
        except PoseGanError:
            path = settings.out / "reid.pt"
            if path.exists():
                read_judge(path, CPU)
                path.unlink()
        else:
            return
    pytest.fail("the run never passed")


def test_a_foreign_folder_is_refused_as_it_is(settings: ReidSettings) -> None:
    settings.out.mkdir()
    (settings.out / "reid.pt").write_text("the only copy")
    with pytest.raises(UsageError, match="--out"):
        make_judge(settings, QUIET, lesson=SHORT)
    assert [path.name for path in settings.out.iterdir()] == ["reid.pt"]


def test_junk_distractors_and_single_pictures_take_no_part(tmp_path: Path) -> None:
    write_people(tmp_path, range(-1, 10))
    write_people(tmp_path, range(50, 51), range(1, 2))
    (tmp_path / "0060_c1_notes.txt").write_text("no picture")
    Image.new("RGB", (4, 8)).save(tmp_path / "holiday.jpg")
    names = {path.name[:4] for path in find_pictures(tmp_path)}
    assert names == {f"{identity:04d}" for identity in range(1, 10)}


def test_too_few_people_and_broken_pictures_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    few = write_people(tmp_path / "few", range(1, 4))
    broken = write_people(tmp_path / "broken", range(1, 10))
    (broken / "0003_c7s1_000001_00.jpg").write_bytes(b"no picture")
    for src, word in ((few, "8 people"), (broken, "0003_c7"), (tmp_path / "nowhere", "readable")):
        found = call("train-reid", "--src", src, "--out", tmp_path / "out", "--quiet")
        assert found.exit_code == 2 and word in found.stderr, found.stderr
        assert len(found.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    settings: ReidSettings, tmp_path: Path
) -> None:
    arguments = ("--src", settings.src.parent, "--out", settings.out, "--dry-run")
    found = call("train-reid", *arguments)
    assert found.exit_code == 0 and f"27 pictures, {LESSON.steps} steps" in found.stdout
    assert not settings.out.exists()


@pytest.mark.parametrize(
    "fault", ["older", "another lesson", "nothing finite", "another network", "list"]
)
def test_files_that_are_no_judge_are_damaged(fault: str, settings: ReidSettings) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    content = torch.load(path, weights_only=True)
    if fault == "older":
        content["version"] -= 1
    elif fault == "another lesson":
        content["lesson"]["steps"] = 1
    elif fault == "nothing finite":
        content["weights"]["embed.weight"][0, 0] = torch.nan
    elif fault == "another network":
        content["weights"]["embed.weight"] = torch.zeros(3)
    else:
        content = [1, 2]
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.write_bytes(buffer.getvalue())
    (settings.out / "reid.pt.sha256").unlink()
    with pytest.raises(DamagedError, match="train-reid"):
        read_judge(path, CPU)


def test_a_judge_whose_hash_lies_beside_it_wrongly_is_damaged(settings: ReidSettings) -> None:
    path = make_judge(settings, QUIET, lesson=SHORT)
    (settings.out / "reid.pt.sha256").write_text(f"{'0' * 64}  reid.pt\n")
    with pytest.raises(DamagedError, match="hash"):
        read_judge(path, CPU)
