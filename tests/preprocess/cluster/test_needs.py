"""What a worker of a cluster may lack, and what it says then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from preprocess.cluster import needs as needs_module
from preprocess.cluster.needs import NUM_WITNESSES, Needs, needs_of, software_version
from preprocess.cluster.whole_paths import with_whole_paths
from preprocess.settings import PoseSettings, PrepareSettings
from preprocess.sources.archives import Member
from shared.errors import UsageError
from shared.folder_lock import LOCK_NAME, folder_lock


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    found = []
    for number in range(NUM_WITNESSES + 4):
        folder = tmp_path / f"folder-{number:02}"
        folder.mkdir()
        for name in ("a.png", "b.png"):
            (folder / name).write_bytes(b"x" * (number + 1))
            found.append(folder / name)
    return found


def test_who_lacks_nothing_is_not_refused(images: list[Path], out: Path) -> None:
    with folder_lock(out):
        needs_of(images, [], out, held=True, poses=True).refuse("worker 3")
    needs_of(images, [], out / "deep" / "er", held=False, poses=False).refuse("worker 3")


def test_an_image_of_each_of_some_folders_is_looked_for(images: list[Path], out: Path) -> None:
    found = needs_of(images, [out / "absent.pt"], out, held=False, poses=True).files
    assert found == tuple((images[2 * n], n + 1) for n in range(NUM_WITNESSES))


def test_of_an_archive_the_archive_is_looked_for(tmp_path: Path, out: Path) -> None:
    archive = tmp_path / "people.zip"
    archive.write_bytes(b"archive")
    places = [Member(archive, f"{number}/a.png") for number in range(30)]
    assert needs_of(places, [], out, held=False, poses=False).files == ((archive, 7),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"software": (("numpy", "0.1"),)}, "worker 3: expected numpy 0.1 as here, found "),
        ({"software": (("Python", "2.7"),)}, "worker 3: expected Python 2.7 as here, found 3."),
        ({"software": (("no-such", "1"),)}, "expected no-such 1 as here, found (none); install"),
        ({"files": ((Path("/none"), 5),)}, "the file /none of 5 bytes, found none there; let"),
        ({"files": ((Path("/dev/null"), 5),)}, "of 5 bytes, found one of 0; let every machine"),
        ({"folder": Path("/none")}, "worker 3: expected the folder /none, found none there; let"),
        ({"claim": b"process 1"}, "that this run holds, found another of that path; let every"),
    ],
)
def test_who_lacks_something_is_refused_by_name(
    change: dict[str, object], said: str, out: Path
) -> None:
    with folder_lock(out):
        needs = needs_of([], [], out, held=True, poses=False)
        with pytest.raises(UsageError) as met:
            replace(needs, **change).refuse("worker 3")
    assert said in str(met.value) and "\n" not in str(met.value)


def test_a_folder_that_another_run_has_claimed_since_is_another(out: Path) -> None:
    with folder_lock(out):
        needs = needs_of([], [], out, held=True, poses=False)
    (out / LOCK_NAME).write_text("process 7, since 2026-11-21 12:00:00")
    with pytest.raises(UsageError, match="another of that path"):
        needs.refuse("worker 3")


def test_one_changed_line_is_another_posegan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: Path
) -> None:
    before: Needs = needs_of([], [], out, held=False, poses=False)
    package = tmp_path / "a_package_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(needs_module, "CODE", (*needs_module.CODE, package.name))
    software_version.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"expected posegan .* as here, found .* with code"):
            before.refuse("worker 3")
    finally:
        software_version.cache_clear()


def test_paths_are_named_whole_and_links_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "model.pt").touch()
    pose = PoseSettings(pose_model="model.pt")
    found = with_whole_paths(PrepareSettings(src=Path("link"), out=Path("out"), pose=pose))
    assert (found.src, found.out) == (tmp_path / "link", tmp_path / "out")
    assert found.pose.pose_model == str(tmp_path / "model.pt")
    named = PrepareSettings(src=Path("link"), out=Path("out"))
    assert with_whole_paths(named).pose == named.pose
