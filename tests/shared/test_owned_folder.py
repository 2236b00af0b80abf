"""The owner of an output folder: strangers' files are never touched, a refusal changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.errors import LockedError, UsageError
from shared.files import publish_text
from shared.marker import read_marker
from shared.owned_folder import MARKER_NAME, OwnedFolder, owned_folder, require_own


def state(folder: Path) -> dict[str, str]:
    """Everything below a folder: links by their target, files by their content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


def test_a_folder_of_strangers_is_refused_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / ".thesis.tex.123.posegan.part").write_text("not ours either")
    before = state(tmp_path)
    with pytest.raises(UsageError, match=r"thesis\.tex"), owned_folder(tmp_path, "prep-market"):
        pass
    assert state(tmp_path) == before


def test_the_marker_is_the_first_file(tmp_path: Path) -> None:
    with owned_folder(tmp_path / "out", "prep-market") as owned:
        assert {entry.name for entry in owned.path.iterdir()} == {".lock", MARKER_NAME}


def test_the_same_command_comes_back_and_knows_its_files(tmp_path: Path) -> None:
    with owned_folder(tmp_path, "prep-market") as owned:
        owned.intend(["a.h5"])
        publish_text(tmp_path / "a.h5", "data")
    with owned_folder(tmp_path, "prep-market") as owned:
        assert owned.files == {"a.h5"}


def test_another_commands_folder_is_refused(tmp_path: Path) -> None:
    with owned_folder(tmp_path, "prep-market") as owned:
        owned.intend(["a.h5"])
        publish_text(tmp_path / "a.h5", "data")
    expected = pytest.raises(UsageError, match="one that prep-market made")
    with expected, owned_folder(tmp_path, "train-gan"):
        pass


def test_a_strangers_file_of_an_intended_name_is_refused_and_stays(tmp_path: Path) -> None:
    with owned_folder(tmp_path, "eval-gan") as owned:
        (tmp_path / "table.md").write_text("my own table")
        with pytest.raises(UsageError, match=r"table\.md"):
            owned.intend(["pairs.csv", "table.md"])
        owned.remove()
    assert (tmp_path / "table.md").read_text() == "my own table"


def test_only_files_of_the_owner_are_removed(tmp_path: Path) -> None:
    with owned_folder(tmp_path, "draw-market") as owned:
        owned.intend(["pictures/a.jpg", "b.csv"])
        place = owned.folder("pictures")
        (place / "a.jpg").write_text("ours")
        (place / "mine.jpg").write_text("a stranger's")
        (tmp_path / "b.csv").write_text("ours")
        owned.remove()
        assert owned.files == frozenset()
    assert set(state(tmp_path)) == {".lock", MARKER_NAME, "pictures", "pictures/mine.jpg"}


def test_a_link_inside_is_refused_and_its_target_untouched(tmp_path: Path) -> None:
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    (elsewhere / "a.jpg").write_text("a stranger's")
    with owned_folder(out, "draw-market") as owned:
        owned.intend(["pictures/a.jpg"])
        (out / "pictures").symlink_to(elsewhere)
        with pytest.raises(UsageError, match="a link"):
            owned.folder("pictures")
        owned.remove()
    assert (elsewhere / "a.jpg").read_text() == "a stranger's"


@pytest.mark.parametrize("name", [".lock", MARKER_NAME])
def test_a_link_in_place_of_our_own_files_leaves_its_target_alone(
    tmp_path: Path, name: str
) -> None:
    target, out = tmp_path / "target", tmp_path / "out"
    target.write_text("precious")
    out.mkdir()
    (out / name).symlink_to(target)
    with pytest.raises(UsageError), owned_folder(out, "prep-market"):
        pass
    assert target.read_text() == "precious"
    assert (out / name).is_symlink()


def test_an_output_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with owned_folder(tmp_path / "out", "prep-market") as owned:
        owned.intend(["a"])
    assert (tmp_path / "disk" / MARKER_NAME).exists()


def test_a_failed_start_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), owned_folder(tmp_path / "out", "train-gan"):
        raise RuntimeError("no weights")
    assert not (tmp_path / "out").exists()


def test_a_failed_start_takes_the_folders_above_with_it_and_no_strangers(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for out in ("runs/first/second", "mine/first/second"):
        with pytest.raises(ZeroDivisionError), owned_folder(tmp_path / out, "train-gan"):
            raise ZeroDivisionError
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_failure_after_something_was_made_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), owned_folder(tmp_path / "out", "train-gan") as owned:
        owned.intend(["a"])
        publish_text(owned.path / "a", "made")
        raise RuntimeError("power cut")
    assert (tmp_path / "out" / "a").read_text() == "made"


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    expected = pytest.raises(LockedError, match=str(os.getpid()))
    with owned_folder(tmp_path, "prep-market"), expected, owned_folder(tmp_path, "prep-market"):
        pass


def test_a_marker_that_another_makes_meanwhile_is_no_strangers_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def late(path: Path) -> dict[str, Any] | None:
        """Read the marker; the first look comes just before it is made."""
        looks.append(path)
        if len(looks) == 1:
            OwnedFolder(path, "train-gan").mark()
            return None
        return read_marker(path)

    monkeypatch.setattr("shared.owned_folder.read_marker", late)
    assert require_own(tmp_path, "train-gan") == frozenset()
    assert len(looks) == 2


def test_a_folder_that_another_makes_meanwhile_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def late(path: Path) -> bool:
        """Look for the name; the folder is made after it was found to be none."""
        out.mkdir()
        return path.exists()

    monkeypatch.setattr("shared.owned_folder.os.path.lexists", late)
    assert require_own(out, "train-gan") == frozenset()
    assert out.is_dir()


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="found a file"), owned_folder(tmp_path / "out", "x"):
        pass
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize(
    "files", [["../precious"], ["/etc/passwd"], ["a/../../precious"], [7], "all", [""]]
)
def test_a_forged_marker_leads_nowhere(tmp_path: Path, files: object) -> None:
    (tmp_path / "precious").write_text("outside")
    out = tmp_path / "out"
    out.mkdir()
    forged = {"format": 1, "made_by": "prep-market", "files": files}
    (out / MARKER_NAME).write_text(json.dumps(forged))
    with pytest.raises(UsageError), owned_folder(out, "prep-market"):
        pass
    assert (tmp_path / "precious").read_text() == "outside"


def test_a_folder_of_a_version_without_markers_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "train-00000.h5").write_text("old")
    with owned_folder(tmp_path, "prep-market", recognise=lambda _: ["train-00000.h5"]) as owned:
        assert owned.files == {"train-00000.h5"}
        owned.remove()
    assert not (tmp_path / "train-00000.h5").exists()


def test_temporaries_of_ours_go_and_all_others_stay(tmp_path: Path) -> None:
    with owned_folder(tmp_path, "prep-market") as owned:
        (tmp_path / ".a.h5.123.posegan.part").write_text("half")
        (tmp_path / ".a.part").write_text("a stranger's")
        (tmp_path / ".b.posegan.part").write_text("a stranger's")
        owned.remove_temporaries()
    assert {".a.part", ".b.posegan.part"} <= set(state(tmp_path))
    assert ".a.h5.123.posegan.part" not in state(tmp_path)


def test_a_failed_start_in_an_empty_folder_leaves_it_empty_and_free(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), owned_folder(tmp_path, "train-gan"):
        raise RuntimeError("no weights")
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_was_killed_before_it_made_anything_binds_nobody(tmp_path: Path) -> None:
    bare = {"format": 1, "made_by": "train-gan", "files": ["settings.json"]}
    (tmp_path / MARKER_NAME).write_text(json.dumps(bare))
    (tmp_path / f".{MARKER_NAME}.7.posegan.part").write_text("{")
    with owned_folder(tmp_path, "prep-market") as owned:
        owned.intend(["a.h5"])
    assert json.loads((tmp_path / MARKER_NAME).read_text())["made_by"] == "prep-market"


def test_a_dry_run_looks_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "old.h5").write_text("old")
    before = state(tmp_path)
    known = {"recognise": lambda _: ["old.h5"], "hold": False}
    with owned_folder(tmp_path, "prep-market", **known) as owned:
        assert owned.files == {"old.h5"}
    with owned_folder(tmp_path / "new", "prep-market", hold=False):
        pass
    assert state(tmp_path) == before


def test_a_dissolved_folder_is_gone_but_for_strangers(tmp_path: Path) -> None:
    for name, left in (("alone", set()), ("shared", {"mine.txt"})):
        with owned_folder(tmp_path / name, "extract-poses") as owned:
            owned.intend(["key/a.poses"])
            (owned.folder("key") / "a.poses").write_text("ours")
            for stranger in left:
                (owned.path / stranger).write_text("a stranger's")
            owned.dissolve()
        assert (tmp_path / name).exists() == bool(left)
        if left:
            assert left <= {path.name for path in (tmp_path / name).iterdir()}
            assert not (tmp_path / name / "key").exists()
