"""Publishing: whole files or none, a lock for one, and room before work starts."""

from __future__ import annotations

import array
import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest
from disks import FailingDisk

from shared import files
from shared.errors import DamagedError, LockedError, NoSpaceError, UsageError
from shared.folder_lock import folder_lock


def test_published_file_has_the_content_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    digest = files.publish(tmp_path / "a.bin", b"content")
    assert (tmp_path / "a.bin").read_bytes() == b"content"
    assert digest == hashlib.sha256(b"content").hexdigest()
    assert digest == files.sha256_of_file(tmp_path / "a.bin")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_every_fault_leaves_the_old_file_or_the_new_one(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.bin"
    faults = 0
    while True:
        files.publish(path, b"old")
        disk = FailingDisk(fail_at=faults, number=number)
        try:
            files.publish(path, b"new content", disk)
        except (NoSpaceError, UsageError) as error:
            assert isinstance(error, NoSpaceError) == (number == errno.ENOSPC)
            assert "a.bin" in str(error) and "\n" not in str(error)
            assert path.read_bytes() in (b"old", b"new content")
            assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]
            faults += 1
        else:
            break
    assert faults >= 6
    assert path.read_bytes() == b"new content"


def test_partial_writes_are_continued(tmp_path: Path) -> None:
    class Slow(files.Disk):
        def write(self, descriptor: int, data: memoryview) -> int:
            return os.write(descriptor, data[:3])

    files.publish(tmp_path / "a.bin", b"0123456789", Slow())
    assert (tmp_path / "a.bin").read_bytes() == b"0123456789"


LIMITED = """
import resource, signal, sys
from pathlib import Path
from shared import files
from shared.errors import NoSpaceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.publish(Path(sys.argv[1]), bytes(5000))
except NoSpaceError as error:
    sys.exit(error.exit_code)
"""


@pytest.mark.process
def test_real_file_limit_is_a_lack_of_space(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path / "a.bin")], check=False)
    assert done.returncode == 5
    assert not list(tmp_path.iterdir())


def test_leftovers_of_killed_runs_are_removed(tmp_path: Path) -> None:
    (tmp_path / f".shard.h5.123{files.TEMPORARY_SUFFIX}").write_bytes(b"half")
    (tmp_path / "shard.h5").write_bytes(b"whole")
    assert files.remove_temporaries(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["shard.h5"]


def test_only_files_that_publishing_names_so_are_leftovers(tmp_path: Path) -> None:
    end = files.TEMPORARY_SUFFIX
    others = [f".film{end}", f"film.12{end}", f".12{end}", f".film.x12{end}", f".film.12{end}.txt"]
    others += [".film.12.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"somebody's")
    assert files.remove_temporaries(tmp_path) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(others)
    assert files.is_temporary(f".film.12{end}", of="film")
    assert not files.is_temporary(f".film.12{end}", of="movie")


def test_space_is_required_with_both_figures(tmp_path: Path) -> None:
    class Small(files.Disk):
        def free_bytes(self, folder: Path) -> int:
            return 1_000_000

    files.require_space(tmp_path / "not" / "yet", 900_000, Small())
    with pytest.raises(NoSpaceError, match=r"1,100,000 bytes free, found 1,000,000"):
        files.require_space(tmp_path, 1_000_000, Small())


@pytest.mark.process
def test_second_holder_is_refused_and_told_the_first(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from shared.folder_lock import folder_lock\n"
        "with folder_lock(Path(sys.argv[1])):\n  print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None and holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockedError, match=f"process {holder.pid}"), folder_lock(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with folder_lock(tmp_path):
        pass


def test_json_that_is_torn_is_damaged(tmp_path: Path) -> None:
    files.publish_json(tmp_path / "a.json", {"a": [1, "ä"]})
    assert files.read_json(tmp_path / "a.json") == {"a": [1, "ä"]}
    (tmp_path / "a.json").write_bytes((tmp_path / "a.json").read_bytes()[:7])
    with pytest.raises(DamagedError, match=r"a\.json"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(UsageError, match="check the name"):
        files.read_json(tmp_path / "b.json")


class CountedDisk(files.Disk):
    """So many bytes are free, in every folder that is there."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.asked: list[Path] = []

    def free_bytes(self, folder: Path) -> int:
        assert folder.is_dir()
        self.asked.append(folder)
        return self.free


def test_space_is_asked_of_the_nearest_folder_that_exists_and_a_tenth_is_added(
    tmp_path: Path,
) -> None:
    disk = CountedDisk(1_100)
    files.require_space(tmp_path / "a" / "b", 1_000, disk)  # exactly enough
    files.require_space(tmp_path, 1_000, disk)
    assert disk.asked == [tmp_path, tmp_path]
    with pytest.raises(NoSpaceError) as refused:
        files.require_space(tmp_path / "a", 1_001, disk)
    assert refused.value.message == (
        f"{tmp_path / 'a'}: expected 1,101 bytes free, found 1,100; "
        "free space or choose another disk"
    )


def test_json_is_indented_readable_and_ends_its_last_line(tmp_path: Path) -> None:
    path, value = tmp_path / "a.json", {"name": "Grüße", "lost": "a\udc80b", "list": [1]}
    files.publish_json(path, value)
    text = '{\n  "name": "Grüße",\n  "lost": "a\\udc80b",\n  "list": [\n    1\n  ]\n}\n'
    assert path.read_bytes() == text.encode()
    assert files.read_json(path) == value


def test_json_goes_by_the_disk_that_is_given(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError):
        files.publish_json(tmp_path / "a.json", 1, FailingDisk(fail_at=0, number=errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_json_that_cannot_be_read_is_one_line_that_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(UsageError) as missing:
        files.read_json(path)
    line = f"{path}: expected a readable file, found No such file or directory; check the name"
    assert missing.value.message == line
    path.write_text("{")
    with pytest.raises(DamagedError) as broken:
        files.read_json(path)
    assert broken.value.message.startswith(f"{path}: expected valid JSON, found Expecting property")
    assert broken.value.message.endswith("; write the file anew")


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOSPC, "space to write, found {}; free space, then repeat the command"),
        (errno.EROFS, "a file that can be written, found {}; the disk is read-only; "
         "choose a folder on another one"),
        (errno.EIO, "a file that can be written, found {}; check the path and its permissions"),
        (None, "a file that can be written, found None; check the path and its permissions"),
    ],
)  # fmt: skip
def test_what_the_disk_refuses_is_told_with_its_remedy(number: int | None, line: str) -> None:
    error = OSError() if number is None else OSError(number, os.strerror(number))
    told = files.publishing_error(Path("a/b"), error)
    said = "" if number is None else os.strerror(number)
    assert told.message == f"a/b: expected {line.format(said)}"
    assert isinstance(told, NoSpaceError) == (number == errno.ENOSPC)


@pytest.mark.parametrize(("mask", "mode"), [(0o027, 0o640), (0, 0o666)])
@pytest.mark.parametrize("write", [files.publish_text, files.append_text])
def test_files_have_the_mode_that_the_user_lets_them_have(
    tmp_path: Path, write: Callable[[Path, str], object], mask: int, mode: int
) -> None:
    old = os.umask(mask)
    try:
        write(tmp_path / "a", "1")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_published_files_are_no_link(tmp_path: Path) -> None:
    files.publish(tmp_path / "a", b"1")
    taken = tmp_path / "taken"
    taken.symlink_to(tmp_path / "a")
    for there in (taken, tmp_path / "a"):
        with pytest.raises(FileExistsError):
            files.Disk().create(there)
    descriptor = files.Disk().create(tmp_path / "b")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_bytes_of_any_kind_of_numbers_are_written_as_they_are(tmp_path: Path) -> None:
    files.publish(tmp_path / "a", memoryview(array.array("d", [1.5, -2.5])))
    assert (tmp_path / "a").read_bytes() == array.array("d", [1.5, -2.5]).tobytes()


def test_text_is_published_as_utf_8_by_the_disk_that_is_given(tmp_path: Path) -> None:
    digest = files.publish_text(tmp_path / "a.txt", "Grüße\n")
    assert (tmp_path / "a.txt").read_bytes() == "Grüße\n".encode()
    assert digest == files.sha256_of_file(tmp_path / "a.txt")
    with pytest.raises(NoSpaceError):
        files.publish_text(tmp_path / "b", "1", FailingDisk(fail_at=0, number=errno.ENOSPC))
    assert not (tmp_path / "b").exists()


def test_appended_text_goes_behind_what_is_there_also_in_small_pieces(tmp_path: Path) -> None:
    class Slow(files.Disk):
        open_descriptors: ClassVar[list[int]] = []

        def append(self, path: Path) -> int:
            self.open_descriptors.append(super().append(path))
            return self.open_descriptors[-1]

        def write(self, descriptor: int, data: memoryview) -> int:
            return os.write(descriptor, data[:3])

        def close(self, descriptor: int) -> None:
            self.open_descriptors.remove(descriptor)
            super().close(descriptor)

    log = tmp_path / "log.txt"
    files.append_text(log, "first ä\n")
    files.append_text(log, "second line\n", Slow())
    assert log.read_bytes() == "first ä\nsecond line\n".encode()
    assert not Slow.open_descriptors


def test_a_log_is_not_reached_through_a_link(tmp_path: Path) -> None:
    files.append_text(tmp_path / "log", "1\n")
    (tmp_path / "link").symlink_to(tmp_path / "log")
    with pytest.raises(UsageError, match="link: expected a file that can be written"):
        files.append_text(tmp_path / "link", "2\n")
    assert (tmp_path / "log").read_bytes() == b"1\n"


@pytest.mark.parametrize("fail_at", [0, 1])
def test_a_full_disk_is_told_with_the_log_s_name(tmp_path: Path, fail_at: int) -> None:
    with pytest.raises(NoSpaceError) as told:
        files.append_text(tmp_path / "log", "1\n", FailingDisk(fail_at, errno.ENOSPC))
    assert told.value.message == (
        f"{tmp_path / 'log'}: expected space to write, found {os.strerror(errno.ENOSPC)}; "
        "free space, then repeat the command"
    )


def test_free_bytes_are_those_of_the_folder_s_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {tmp_path: 123, Path("/"): 7}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: _Usage(free[folder]))
    assert files.Disk().free_bytes(tmp_path) == 123


class _Usage(NamedTuple):
    free: int


@pytest.mark.parametrize("call", ["write", "rename"])
def test_an_interrupted_file_leaves_nothing_behind(tmp_path: Path, call: str) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    disk = files.Disk()
    setattr(disk, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.publish(tmp_path / "a", b"1", disk)
    assert not list(tmp_path.iterdir())


def test_only_a_folder_is_flushed_as_one(tmp_path: Path) -> None:
    files.publish(tmp_path / "a", b"1")
    with pytest.raises(NotADirectoryError):
        files.Disk().flush_folder(tmp_path / "a")
