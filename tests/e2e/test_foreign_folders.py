"""Every command that writes into a folder, in folders of strangers: one table, one row a command.

A refusal changes nothing, an accepted folder keeps strangers' files, and no link is followed.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from commands import call
from drawn_shards import publish_shards
from scored_pictures import make_results
from small_market import make_market

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Row:
    """A command, what it is given besides ``--out``, and names that it would like to use."""

    command: str
    given: Callable[[Path], list[object]]
    names: tuple[str, ...]
    folders: tuple[str, ...]
    overwrites: bool = False


def prep_market(inputs: Path) -> list[object]:
    market = make_market(inputs, identities=2, images=2)
    return ["--src", market.root, "--keypoints", market.keypoints, "--workers", 1]


def draw_market(_: Path) -> list[object]:
    return ["--identities", 4, "--images-per-identity", 2, "--workers", 1]


def train_gan(inputs: Path) -> list[object]:
    shards = publish_shards(inputs / "shards", train_shards=1)
    small = ["--channels", 2, "--features", "pixels", "--max-images", 8, "--device", "cpu"]
    return ["--shards", shards, "--preset", "dsc", *small]


def eval_gan(inputs: Path) -> list[object]:
    folder = make_results(inputs, count=3).folder
    pictures = ["--generated", folder / "generated", "--real", folder / "real"]
    return [*pictures, "--protocols", "ssim"]


ROWS = (
    Row(
        "prep-market",
        prep_market,
        ("train-00007.h5", "manifest.json", "images.csv", "pairs-train.csv"),
        (".work", ".work/shards", ".work/poses"),
        overwrites=True,
    ),
    Row(
        "draw-market",
        draw_market,
        ("keypoints-train.csv", "visibility-test.csv", "contact-sheet.jpg"),
        (".drawing", "bounding_box_train", "query"),
        overwrites=True,
    ),
    Row(
        "train-gan",
        train_gan,
        ("checkpoint-0000000008.pt", "log.jsonl", "curves.png", "sheets/sheet-0000000008.png"),
        ("sheets",),
    ),
    Row("eval-gan", eval_gan, ("pairs.csv", "table.md", "metrics.json", "panels/a.png"), ()),
)
BY_NAME = {row.command: row for row in ROWS}
ALL = pytest.mark.parametrize("row", ROWS, ids=list(BY_NAME))


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """What each command is given; made once."""
    return {row.command: row.given(tmp_path_factory.mktemp(row.command)) for row in ROWS}


def state(folder: Path) -> dict[str, str]:
    """Everything below a folder but locks: links by their target, files by their content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return {name: what for name, what in found.items() if name.split("/")[-1] != ".lock"}


def start(row: Row, given: dict[str, list[object]], out: Path, *more: object) -> Result:
    return call(row.command, *given[row.command], "--out", out, *more)


def assert_refused(result: Result) -> None:
    assert result.exit_code == 2, result.output
    assert len([line for line in result.stderr.splitlines() if line.startswith("error:")]) == 1


def put(path: Path, text: str = "years of work") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@ALL
def test_a_folder_of_strangers_is_refused_as_it_is(
    row: Row, given: dict[str, list[object]], tmp_path: Path
) -> None:
    strangers = ("thesis.tex", ".thesis.12.posegan.part", *row.names)
    for number, name in enumerate(strangers):
        out = tmp_path / str(number)
        put(out / name)
        put(out / "readme.md")
        before = state(out)
        for more in [[], *([["--overwrite"]] if row.overwrites else [])]:
            assert_refused(start(row, given, out, *more))
            assert state(out) == before and not (out / ".lock").exists()


@ALL
def test_links_in_the_folder_lead_nobody_out(
    row: Row, given: dict[str, list[object]], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    put(outside / "precious", "outside")
    put(outside / "folder" / "precious.jpg", "outside")
    before = state(outside)
    fixed = [name for name in row.names if "/" not in name]
    for number, name in enumerate((".lock", ".posegan.json", *fixed)):
        out = tmp_path / f"file-{number}"
        out.mkdir()
        (out / name).symlink_to(outside / "precious")
        assert_refused(start(row, given, out))
        assert (out / name).is_symlink() and state(outside) == before
    for number, name in enumerate(row.folders):
        out = tmp_path / f"folder-{number}"
        (out / name).parent.mkdir(parents=True)
        (out / name).symlink_to(outside / "folder")
        assert_refused(start(row, given, out))
        assert state(outside) == before


@ALL
def test_our_own_folder_is_taken_and_strangers_in_it_stay(
    row: Row, given: dict[str, list[object]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert start(row, given, out).exit_code == 0
    ours = state(out)
    assert ".posegan.json" in ours
    for name in ("thesis.tex", ".thesis.tex.12.part", "more/thesis.tex"):
        put(out / name)
    strangers = {name: what for name, what in state(out).items() if name not in ours}
    assert start(row, given, out).exit_code == 0
    assert strangers.items() <= state(out).items()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("prep-market", ["--num-test-pairs", 3]),
        ("draw-market", ["--seed", 5]),
    ],
)
def test_overwriting_removes_our_own_data_only(
    name: str, more: list[object], given: dict[str, list[object]], tmp_path: Path
) -> None:
    row, out = BY_NAME[name], tmp_path / "out"
    assert start(row, given, out).exit_code == 0
    before = state(out)
    assert_refused(start(row, given, out, *more))
    assert state(out) == before
    strangers = {
        "prep-market": ["train-7.h5", ".work/mine.txt"],
        "draw-market": ["keypoints-mine.csv", "bounding_box_train/mine.jpg", "query/mine.txt"],
    }[name]
    for stranger in strangers:
        put(out / stranger)
    assert start(row, given, out, *more, "--overwrite").exit_code == 0
    for stranger in strangers:
        assert (out / stranger).read_text() == "years of work"


@ALL
def test_a_strangers_file_with_a_name_of_ours_is_refused_before_anything_changes(
    row: Row, given: dict[str, list[object]], tmp_path: Path
) -> None:
    """The folder is ours, but the data in it is not finished."""
    for number, name in enumerate(row.names):
        out = tmp_path / str(number)
        put(out / ".posegan.json", f'{{"format": 1, "made_by": "{row.command}", "files": ["x"]}}')
        put(out / "x", "ours")
        put(out / name)
        before = state(out)
        result = start(row, given, out)
        if name == "panels/a.png":  # scoring alone draws no panels and leaves them alone
            assert (
                result.exit_code == 0
                and before.items()
                <= {
                    **state(out),
                    ".posegan.json": before[".posegan.json"],
                }.items()
            )
            continue
        assert_refused(result)
        assert state(out) == before


@ALL
def test_what_a_dry_run_lets_pass_it_leaves_alone_and_refuses_what_the_run_refuses(
    row: Row, given: dict[str, list[object]], tmp_path: Path
) -> None:
    if row.command == "eval-gan":
        return  # it has no dry run
    assert start(row, given, tmp_path / "new", "--dry-run").exit_code == 0
    assert not (tmp_path / "new").exists()
    put(tmp_path / "foreign" / "thesis.tex")
    before = state(tmp_path)
    assert_refused(start(row, given, tmp_path / "foreign", "--dry-run"))
    assert_refused(start(row, given, tmp_path / "foreign" / "thesis.tex", "--dry-run"))
    assert state(tmp_path) == before


def test_a_sheet_replaces_only_a_sheet(given: dict[str, list[object]], tmp_path: Path) -> None:
    shards = given["train-gan"][1]
    mine, sheet = tmp_path / "holiday.png", tmp_path / "sheet.png"
    put(mine)
    assert_refused(call("inspect-shards", shards, "--sheet", mine))
    assert mine.read_text() == "years of work"
    for _ in range(2):
        assert call("inspect-shards", shards, "--sheet", sheet, "--pairs", 1).exit_code == 0
    put(sheet, "painted over")
    assert_refused(call("inspect-shards", shards, "--sheet", sheet))
    assert sheet.read_text() == "painted over"
    sheet.unlink()
    sheet.symlink_to(mine)
    assert_refused(call("inspect-shards", shards, "--sheet", sheet))
    assert mine.read_text() == "years of work"


def test_a_failed_start_binds_no_folder(
    given: dict[str, list[object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its message advises works in the same folder, made or found empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nothing"))
    found = tmp_path / "found"
    found.mkdir()
    shards = given["train-gan"][1]
    small = ["--shards", shards, "--preset", "full", "--channels", 2, "--max-images", 8]
    for out in (tmp_path / "made", found):
        common = [*small, "--device", "cpu", "--out", out]
        for more in (["--dry-run"], []):
            missing = [*common, *more, "--features", "vgg", "--vgg", tmp_path / "none.pth"]
            failed = call("train-gan", *missing)
            assert (
                failed.exit_code == 2 and "train without it by --features pixels" in failed.stderr
            )
            assert not out.exists() or list(out.iterdir()) == []
        assert call("train-gan", *common, "--features", "pixels").exit_code == 0


@pytest.mark.parametrize("preset", ["baseline", "dsc", "perc-loss", "full", "demo"])
def test_a_dry_run_of_every_preset_refuses_missing_shards_and_weights(
    preset: str,
    given: dict[str, list[object]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("train.losses.vgg._is_there", lambda _: False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nothing"))
    shards = tmp_path / "shards"
    shutil.copytree(str(given["train-gan"][1]), shards)
    options = ["--shards", shards, "--preset", preset, "--channels", 2, "--device", "cpu"]
    options += ["--out", tmp_path / "out", "--dry-run"]
    needs_vgg = preset in ("perc-loss", "full")
    plain = call("train-gan", *options)
    assert plain.exit_code == (2 if needs_vgg else 0), plain.stderr
    assert call("train-gan", *options, "--features", "pixels").exit_code == 0
    (shards / "train-00000.h5").unlink()
    lost = call("train-gan", *options, "--features", "pixels")
    assert lost.exit_code == 6 and "no such file" in lost.stderr
    assert not (tmp_path / "out").exists()
