from __future__ import annotations

import errno
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from disks import FailingDisk

from shared.console import Console
from shared.errors import DamagedError, NoSpaceError, PoseGanError, UsageError
from shared.files import sha256_of_file
from shared.owned_folder import owned_folder
from train.checkpoint import Checkpoints, load_run, read_checkpoint


def content(value: float) -> dict[str, Any]:
    return {"weights": {"a": torch.full((3, 5), value)}, "counters": {"images": 7, "best": None}}


def checkpoints(folder: Path, keep: int = 2) -> Checkpoints:
    return Checkpoints(folder, keep=keep, console=Console(quiet=True))


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    path = checkpoints(tmp_path).save(40, content(1.5), best_images=None)
    read = read_checkpoint(path)
    assert torch.equal(read["weights"]["a"], content(1.5)["weights"]["a"])
    assert read["counters"] == {"images": 7, "best": None}


def test_the_newest_and_the_best_stay(tmp_path: Path) -> None:
    kept = checkpoints(tmp_path, keep=2)
    for images in (10, 20, 30, 40, 50):
        kept.save(images, content(images), best_images=20 if images >= 20 else None)
    assert kept.paths() == [kept.path_of(images) for images in (20, 40, 50)]
    hashes = {path.name for path in tmp_path.glob("*.sha256")}
    assert hashes == {path.name + ".sha256" for path in kept.paths()}


def test_no_checkpoint_is_no_error_but_none_whole_is(tmp_path: Path) -> None:
    assert checkpoints(tmp_path).load_newest() is None
    path = checkpoints(tmp_path).save(10, content(1), best_images=None)
    path.write_bytes(b"torn")
    with pytest.raises(DamagedError, match="at least one whole"):
        checkpoints(tmp_path).load_newest()


def test_every_torn_or_rotten_newest_gives_way_to_the_one_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], rng: np.random.Generator
) -> None:
    kept = checkpoints(tmp_path)
    kept.save(10, content(1), best_images=None)
    newest = kept.save(20, content(2), best_images=None)
    whole = newest.read_bytes()
    for attempt in range(60):
        data = bytearray(whole)
        if attempt % 2:
            del data[int(rng.integers(len(whole))) :]
        else:
            data[int(rng.integers(len(whole)))] ^= 1 << int(rng.integers(8))
        newest.write_bytes(data)
        found = kept.load_newest()
        assert found is not None
        assert found[0] == kept.path_of(10)
        assert "going back" in capfd.readouterr().err
    newest.write_bytes(whole)
    found = kept.load_newest()
    assert found is not None
    assert found[0] == newest


def test_a_first_save_cut_short_leaves_a_run_that_begins_anew(tmp_path: Path) -> None:
    for fail_at in range(100):
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        disk = FailingDisk(fail_at, errno.EIO)
        try:
            Checkpoints(folder, console=Console(quiet=True), disk=disk).save(
                10, content(1), best_images=None
            )
        except PoseGanError:
            kept = checkpoints(folder)
            assert all(path.with_name(f"{path.name}.sha256").exists() for path in kept.paths())
            assert kept.load_newest() is None or len(kept.paths()) == 1
            kept.sweep()
            assert len(list(folder.glob("*.sha256"))) == len(kept.paths())
        else:
            assert fail_at > 5
            return
    pytest.fail("saving never came to an end")


def test_a_lost_hash_is_no_reason_to_delete_a_good_checkpoint(tmp_path: Path) -> None:
    """The message says how to accept the file, in a form that a shell takes as it is."""
    folder = tmp_path / "my run"
    folder.mkdir()
    path = checkpoints(folder).save(10, content(1), best_images=None)
    path.with_name(f"{path.name}.sha256").unlink()
    with pytest.raises(DamagedError) as caught:
        checkpoints(folder).load_newest()
    assert "delete" not in caught.value.message
    command = caught.value.message.rpartition("run sha256sum ")[2]
    file, arrow, beside = shlex.split(command)
    assert (file, arrow, beside) == (str(path), ">", f"{path}.sha256")
    Path(beside).write_text(f"{sha256_of_file(Path(file))}  {file}\n")
    found = checkpoints(folder).load_newest()
    assert found is not None and found[0] == path


def test_only_checkpoints_that_the_folder_s_owner_made_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / ".posegan.json").write_text('{"format": 1, "made_by": "train-gan", "files": []}')
    stranger = tmp_path / "checkpoint-0000000005.pt"
    stranger.write_text("mine")
    with owned_folder(tmp_path, "train-gan", recognise=lambda _: []) as owned:
        kept = Checkpoints(tmp_path, keep=1, console=Console(quiet=True), owned=owned)
        with pytest.raises(UsageError, match="a file not of train-gan"):
            kept.save(5, content(1), best_images=None)
        for images in (10, 20):
            kept.save(images, content(images), best_images=None)
        assert kept.paths() == [stranger, kept.path_of(20)]
    assert stranger.read_text() == "mine"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_any_single_fault_while_saving_leaves_a_whole_checkpoint(
    tmp_path: Path, number: int
) -> None:
    checkpoints(tmp_path).save(10, content(1), best_images=None)
    for fail_at in range(100):
        disk = FailingDisk(fail_at, number)
        kept = Checkpoints(tmp_path, keep=2, console=Console(quiet=True), disk=disk)
        try:
            kept.save(20, content(2), best_images=None)
        except PoseGanError as error:
            assert isinstance(error, NoSpaceError) == (number == errno.ENOSPC)
            found = checkpoints(tmp_path).load_newest()
            assert found is not None
            value = float(found[1]["weights"]["a"][0, 0])
            assert value == {10: 1.0, 20: 2.0}[int(found[0].stem.split("-")[1])]
            for path in tmp_path.glob("checkpoint-*20.pt*"):
                path.unlink()
        else:
            assert fail_at > 5
            return
    pytest.fail("saving never came to an end")


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    kept = checkpoints(tmp_path)
    path = kept.save(10, content(1), best_images=None)
    with pytest.raises(UsageError, match="No such file"):
        read_checkpoint(tmp_path / "checkpoint-0000000099.pt")
    buffer = tmp_path / "checkpoint-0000000011.pt"
    torch.save({"format": "another"}, buffer)
    buffer.with_name(buffer.name + ".sha256").write_text(sha256_of_file(buffer))
    with pytest.raises(DamagedError, match="posegan-checkpoint"):
        read_checkpoint(buffer)
    assert load_run(path, Console(quiet=True))[0] == path
    with pytest.raises(UsageError, match="train it first"):
        load_run(tmp_path / "nothing", Console(quiet=True))


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("marker-of-evil"),))


def test_a_checkpoint_that_is_code_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = checkpoints(tmp_path).save(10, {"weights": _Evil()}, best_images=None)
    with pytest.raises(DamagedError):
        read_checkpoint(path)
    assert not Path("marker-of-evil").exists()
