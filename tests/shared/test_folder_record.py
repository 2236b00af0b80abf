"""What an output folder remembers of its request, from the first note to the last file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.errors import UsageError
from shared.files import Disk, publish_text
from shared.folder_record import FolderRecord
from shared.owned_folder import OwnedFolder, owned_folder

COMMAND = "make-things"
BEGUN = ".things/settings.json"
LAST = "things.json"
FILES = ("a.txt", "b/c.txt")


def record_in(owned: OwnedFolder, settings: dict[str, Any]) -> FolderRecord:
    return FolderRecord(owned, settings, work_folder=".things", last_file=LAST)


def stands(out: Path, *, overwrite: bool = False, **settings: Any) -> tuple[bool, bool]:
    with owned_folder(out, COMMAND) as owned:
        return record_in(owned, settings).stands(overwrite=overwrite)


def write(out: Path, *, finish: bool = True, disk: Disk | None = None, **settings: Any) -> None:
    """Make the files as a command does; begun only, where it is not to finish."""
    with owned_folder(out, COMMAND, disk=disk) as owned:
        record = record_in(owned, settings)
        _, is_other = record.stands(overwrite=True)
        record.begin((*FILES, f"{record.work_folder}/block-1"), clear=is_other)
        owned.folder("b")
        publish_text(out / record.work_folder / "block-1", "for a while", disk)
        for name in FILES:
            publish_text(out / name, str(settings), disk)
        if finish:
            record.finish({"things": len(FILES)})


def test_a_new_folder_stands_for_nothing(tmp_path: Path) -> None:
    assert stands(tmp_path / "out", size=1) == (False, False)


def test_what_is_finished_is_known_and_its_work_is_gone(tmp_path: Path) -> None:
    write(tmp_path, size=1)
    assert stands(tmp_path, size=1) == (True, False)
    assert not (tmp_path / ".things").exists()
    last = json.loads((tmp_path / LAST).read_text())
    assert last == {"made_by": COMMAND, "settings": {"size": 1}, "things": 2}


def test_what_was_begun_is_not_finished(tmp_path: Path) -> None:
    write(tmp_path, finish=False, size=1)
    assert stands(tmp_path, size=1) == (False, False)
    write(tmp_path, size=1)
    assert stands(tmp_path, size=1) == (True, False)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_to_be_made_again(tmp_path: Path, name: str) -> None:
    write(tmp_path, size=1)
    (tmp_path / name).unlink()
    assert stands(tmp_path, size=1) == (False, False)
    (tmp_path / name).symlink_to(tmp_path / LAST)  # a link is no file that was made
    assert stands(tmp_path, size=1) == (False, False)


@pytest.mark.parametrize("finish", [True, False])
def test_another_request_is_refused_until_it_may_replace(tmp_path: Path, finish: bool) -> None:
    write(tmp_path, finish=finish, size=1)
    with pytest.raises(UsageError, match="same settings, found size: was 1, now 2; choose another"):
        stands(tmp_path, size=2)
    assert stands(tmp_path, overwrite=True, size=2) == (False, True)


def test_what_another_request_made_goes_before_the_new_one_begins(tmp_path: Path) -> None:
    write(tmp_path, size=1)
    (tmp_path / "mine.txt").write_text("the only copy")
    with owned_folder(tmp_path, COMMAND) as owned:
        record_in(owned, {"size": 2}).begin(["new.txt"], clear=True)
        assert owned.files == {"new.txt", LAST, BEGUN}
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()}
    assert there == {".posegan.json", ".lock", BEGUN, "mine.txt"}


def test_a_removal_cut_short_belongs_to_whoever_comes_next(tmp_path: Path) -> None:
    write(tmp_path, size=1)

    class Dying(Disk):
        renamed = 0

        def rename(self, old: Path, new: Path) -> None:
            super().rename(old, new)
            if json.loads(new.read_bytes()) == {"settings": {}}:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, size=2, disk=Dying())
    assert (tmp_path / FILES[0]).is_file()
    for size in (1, 2, 3):  # half of another's files may be gone: nobody's are taken for whole
        assert stands(tmp_path, size=size) == (False, True)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"settings": []}', '{"settings": 3}'])
def test_a_record_that_is_lost_is_not_replaced_unasked(tmp_path: Path, text: str) -> None:
    write(tmp_path, size=1)
    (tmp_path / LAST).write_text(text)
    with pytest.raises(UsageError, match="an empty folder or one of the same settings"):
        stands(tmp_path, size=1)
    assert stands(tmp_path, overwrite=True, size=1) == (False, True)


def test_names_of_strangers_are_refused_and_own_ones_are_not(tmp_path: Path) -> None:
    write(tmp_path, size=1)
    with owned_folder(tmp_path, COMMAND) as owned:
        record = record_in(owned, {"size": 1})
        record.refuse_strangers(FILES)
        (tmp_path / "new.txt").symlink_to("nowhere")
        with pytest.raises(UsageError, match=r"new\.txt: expected a free name, found a file not"):
            record.refuse_strangers([*FILES, "new.txt"])


@pytest.mark.parametrize("name", [LAST, BEGUN])
def test_strangers_files_in_the_records_own_places_are_refused(tmp_path: Path, name: str) -> None:
    with owned_folder(tmp_path, COMMAND) as owned:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
        with pytest.raises(UsageError, match="expected a free name"):
            record_in(owned, {}).refuse_strangers([])


def test_half_written_notes_go_and_strangers_files_keep_the_work_folder(tmp_path: Path) -> None:
    write(tmp_path, finish=False, size=1)
    half = tmp_path / ".things" / ".settings.json.1.posegan.part"
    half.write_text("half")
    (tmp_path / ".things" / "mine.txt").write_text("mine")
    write(tmp_path, size=1)
    assert [path.name for path in (tmp_path / ".things").iterdir()] == ["mine.txt"]
