"""What re-identification tools see, against twins of their rules and in hostile folders."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
import reid_twins
from click.testing import Result
from commands import call
from reid_folders import GOOD, make_folder
from small_market import jpeg

from data_manifest.reid.check import read
from data_manifest.reid.reading import read_market
from data_manifest.reid.tools import TOOLS, Verdict
from data_manifest.reid.view import MAX_NAMES, View

PARTS = reid_twins.FOLDERS


def added(part: str, *names: str) -> dict[str, list[str]]:
    return {**GOOD, part: [*GOOD[part], *names]}


def checked(folder: Path, *more: object) -> tuple[Result, dict]:
    report = folder.parent / "report.json"
    done = call("check-reid", folder, "--json", report, *more)
    assert done.exit_code in (0, 1), done.stderr
    return done, json.loads(report.read_text())


def findings(report: dict, tool: str) -> dict[str, tuple[str, bool, list[str]]]:
    """Words of a tool's findings: part, whether it breaks, names."""
    found = report["tools"][tool]["findings"]
    return {each["what"]: (each["part"], each["breaks"], each["names"]) for each in found}


def test_a_folder_as_it_should_be_is_seen_alike_by_all_tools(tmp_path: Path) -> None:
    done, report = checked(make_folder(tmp_path / "data"))
    assert done.exit_code == 0 and "every tool reads it as it is meant" in done.stdout
    assert list(report["tools"]) == ["torchreid", "fast-reid", "CLIP-ReID", "layumi's baseline"]
    for tool in report["tools"].values():
        parts = tool["parts"]
        assert [parts[part]["images"] for part in PARTS] == [3, 2, 3]
        assert [parts[part]["identities"] for part in PARTS] == [2, 2, 2]
        assert parts["gallery"]["distractors"] == 1 and tool["findings"] == []


def test_a_drawn_market_passes(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    few = ("--identities", 4, "--images-per-identity", 2, "--workers", 1)
    assert call("draw-market", "--out", drawn, *few).exit_code == 0
    done, report = checked(drawn)
    assert done.exit_code == 0, done.stdout
    assert report["tools"]["torchreid"]["parts"]["train"]["images"] == 4


@pytest.mark.parametrize(
    ("part", "name", "tool", "words", "breaks"),
    [
        ("train", "1502_c1s1_000001_00.jpg", "torchreid", "an identity outside", True),
        ("query", "0001_c7s1_000001_00.jpg", "fast-reid", "a camera outside", True),
        ("gallery", "holiday.jpg", "CLIP-ReID", "a name without IDENTITY", True),
        ("gallery", "1-2_c1s1.jpg", "torchreid", "an identity that is no number", True),
        ("train", "0002_c1s1_000002_00.png", "torchreid", "never read", False),
        ("train", "0002_c1s1_000002_00.JPG", "layumi's baseline", "never read", False),
        ("gallery", "0005_c12s1_00.jpg", "torchreid", "a camera of several digits", False),
        ("train", "0000_c1s1_000002_00.jpg", "CLIP-ReID", "become a person", False),
        ("train", "-1_c1s1_000002_00.jpg", "layumi's baseline", "become a person", False),
        ("gallery", "10001_c2s1_00.jpg", "layumi's baseline", "more than four", False),
        ("gallery", "12_c2s1_000001.jpg", "layumi's baseline", "no identity", True),
        ("gallery", "0001-x.jpg", "layumi's baseline", "no camera digit", True),
        ("query", "0001_c2s1_000001_01.jpg", "torchreid", "no other camera", False),
        ("query", "0009_c2s1_000001_01.jpg", "layumi's baseline", "no other camera", False),
        ("query", "0000_c2s1_000001_01.jpg", "fast-reid", "among the queries", False),
    ],
)  # fmt: skip
def test_a_name_that_a_tool_refuses_or_misreads_is_named(
    tmp_path: Path, part: str, name: str, tool: str, words: str, breaks: bool
) -> None:
    done, report = checked(make_folder(tmp_path / "data", added(part, name)))
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    found = findings(report, tool)
    (what,) = [what for what in found if words in what]
    assert found[what] == (part, breaks, [name])
    assert repr(name) in done.stdout


PIECES = ["0001", "0002", "1501", "1502", "-1", "0000", "10002", "7", "--", "x", "s1_0001", "_"]
PIECES += ["_c1", "_c2", "_c6", "_c9", "_c12", "_c", ".jpg", ".jpg", ".jpg", "jpg", ".png", "."]


def random_names(chance: random.Random) -> list[str]:
    """Names that are right or nearly so."""
    names = []
    for _ in range(chance.randrange(1, 4)):
        if chance.random() < 0.7:
            identity = chance.choice(["0001", "0002", "0003", "0000", "-1", "10001"])
            names.append(f"{identity}_c{chance.randrange(1, 7)}s1_{chance.randrange(99):06d}.jpg")
        else:
            name = "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 5)))
            names.append(name if name.strip(".") else "a.jpg")
    return sorted(set(names))


@pytest.mark.long
def test_every_tool_sees_what_a_twin_of_its_rule_sees(tmp_path: Path) -> None:
    chance, stopped, read_whole = random.Random(7), 0, 0
    for turn in range(120):
        root = tmp_path / str(turn) / "data"
        make_folder(root, {part: random_names(chance) for part in PARTS})
        views = {view.tool: view for view in read_market(root).views}
        for tool in TOOLS:
            view = views[tool.name]
            breaks = {f.part for f in view.findings if f.breaks and f.what.startswith("no image")}
            try:
                twin = (
                    reid_twins.by_copies(root, root.parent / "copies")
                    if tool.walks
                    else reid_twins.by_pattern(root)
                )
            except (ValueError, IndexError, OSError):
                assert any(finding.breaks for finding in view.findings), (turn, tool.name)
                stopped += 1
                continue
            assert {part for part in PARTS if not twin[part]} == breaks
            assert {f.part for f in view.findings if f.breaks} == breaks, (turn, tool.name)
            for part, seen in twin.items():
                assert view.parts[part].images == len(seen), (turn, tool.name, part)
                people = {identity for _, identity, _ in seen}
                if part != "train":
                    assert view.parts[part].identities == people - {0}
                    assert view.parts[part].cameras == {camera for _, _, camera in seen} - {0}
                else:
                    nobody = set() if tool.walks else {0}
                    assert len(view.parts[part].identities) == len(people - nobody)
            lost = sorted(q[0] for q in twin["query"] if not reid_twins.scored(q, twin["gallery"]))
            lost = [name for name in lost if not name.startswith("0000")]
            named = [f.names for f in view.findings if "no other camera" in f.what]
            assert (named[0] if named else []) == lost, (turn, tool.name)
            read_whole += 1
    assert stopped > 50 and read_whole > 30


def test_the_path_of_the_folder_may_be_read_as_a_name(tmp_path: Path) -> None:
    for name, words in (("run-1_c2", "own path is read"), ("set[1]", "own path holds")):
        _, report = checked(make_folder(tmp_path / name / "data"))
        assert any(words in what for what in findings(report, "torchreid"))
        assert not findings(report, "layumi's baseline")


def test_hostile_folders_end_with_findings_and_hang_nobody(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "data")
    train = root / PARTS["train"]
    os.mkfifo(train / "0002_c1s1_000002_00.jpg")
    (train / "0002_c1s1_000003_00.jpg").symlink_to(train / "0002_c1s1_000003_00.jpg")
    (train / "0002_c1s1_000004_00.jpg").symlink_to("nowhere")
    (train / "0002_c1s1_000005_00.jpg").touch()
    (train / "0002_c1s1_000006_00.jpg").mkdir()
    (train / "0002_c1s1_000007_00.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    (train / os.fsdecode(b"0002_c1s1_\xff[bold].jpg")).write_bytes(jpeg(np.random.default_rng(1)))
    (train / "within").mkdir()
    (train / "within" / "0002_c1s1_000008_00.jpg").touch()
    done, report = checked(root)
    assert done.exit_code == 1
    found = findings(report, "torchreid")
    assert all(breaks for _, breaks, _ in found.values())
    assert sum(len(names) for _, _, names in found.values()) == 6
    assert report["tools"]["torchreid"]["parts"]["train"]["images"] == 4
    within = [what for what in findings(report, "layumi's baseline") if "cannot be copied" in what]
    assert len(within) == 1


def test_absent_and_empty_folders_break_every_tool(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "data", {**GOOD, "query": ["-1_c1s1_000001_00.jpg"]})
    for path in (root / PARTS["gallery"]).iterdir():
        path.unlink()
    (root / PARTS["gallery"]).rmdir()
    _, report = checked(root)
    for tool in report["tools"]:
        found = findings(report, tool)
        assert found["no such folder"][:2] == ("gallery", True)
        assert found["no image that the tool uses"][:2] == ("query", True)


def test_the_nested_folder_of_the_unpacked_archive_is_found(tmp_path: Path) -> None:
    make_folder(tmp_path / "outer" / "Market-1501-v15.09.15")
    assert read(tmp_path / "outer")[1].views[0].parts["train"].images == 3


def test_copies_and_people_in_train_and_test_are_notes_that_break_no_rule(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "data", added("train", "0001_c3s1_000001_00.jpg"))
    first, *_, last = sorted((root / PARTS["train"]).iterdir())
    last.write_bytes(first.read_bytes())
    done, report = checked(root)
    assert done.exit_code == 0
    assert report["copies"] == 1 and report["identities in train and test"] == ["1"]
    assert "note: 1 images have the content of another one" in done.stdout


def make_identity_folders(root: Path) -> Path:
    rng = np.random.default_rng(0)
    places = {"train/0002": "0002_c1s1_000001_00.jpg", "train/0004": "0004_c1s1_000001_00.PNG",
              "val/0002": "0002_c1s1_000002_00.jpg", "val/0004": "0004_c1s1_000002_00.jpg",
              "query/0001": "0001_c1s1_000001_00.jpg",
              "gallery/0001": "0001_c2s1_000001_00.jpg"}  # fmt: skip
    for place, name in places.items():
        (root / place).mkdir(parents=True)
        (root / place / name).write_bytes(jpeg(rng, (16, 8)))
    return root


def test_a_folder_for_each_identity_is_read_as_layumis_baseline_reads_it(tmp_path: Path) -> None:
    root = make_identity_folders(tmp_path / "data" / "pytorch")
    done, report = checked(root.parent)
    assert done.exit_code == 0 and report["layout"] == "folders"
    assert report["tools"]["layumi's baseline"]["parts"]["train"]["images"] == 2
    (root / "val" / "0004" / "0004_c1s1_000002_00.jpg").unlink()
    (root / "train" / "0006").mkdir()
    (root / "train" / "0006" / "0006_c1s1.jpg").write_bytes(jpeg(np.random.default_rng(9)))
    (root / "train" / "0008_c1s1.jpg").write_bytes(jpeg(np.random.default_rng(8)))
    (root / "train" / "0002" / "loop").symlink_to(root)
    done, report = checked(root.parent)
    found = findings(report, "layumi's baseline")
    assert done.exit_code == 1
    assert {what.partition(" ")[2][:20]: names for what, (_, _, names) in found.items()} == {
        "folder of an identit": ["0004"],
        "folders of identitie": ["0006"],
        "link to a folder wit": ["0002/loop"],
        "picture beside the f": ["0008_c1s1.jpg"],
    }


def test_a_list_is_read_with_its_labels(tmp_path: Path) -> None:
    root = tmp_path / "dataset"
    (root / "bounding_box_train").mkdir(parents=True)
    names = GOOD["train"]
    for seed, name in enumerate(names):
        picture = jpeg(np.random.default_rng(seed), (16, 8))
        (root / "bounding_box_train" / name).write_bytes(picture)
    lines = [f"dataset/bounding_box_train/{names[0]} 0", f"bounding_box_train/{names[1]} 1"]
    (root / "train.list").write_text("\n".join(lines) + "\n")
    done, report = checked(root, "--layout", "list")
    assert done.exit_code == 0, done.stdout
    counts = report["tools"]["readers of lists"]["parts"]["train.list"]
    assert counts["images"] == counts["identities"] == 2
    bad = [
        "../../etc/passwd 1",
        "/etc/passwd 1",
        "no-label",
        "none.jpg 5",
        ". 1",
        lines[0],
        "a\0b 1",
    ]
    (root / "train.list").write_text("\n".join([*lines, *bad]) + "\n")
    done, report = checked(root, "--layout", "list")
    found = findings(report, "readers of lists")
    assert done.exit_code == 1
    assert found["a path that leads out of the folder"][2] == ["../../etc/passwd", "/etc/passwd",
                                                               "a\0b"]  # fmt: skip
    assert found["a path that stands in the list twice"][2] == [lines[0][:-2]]
    assert found["labels are not all numbers from 0 to the largest"][1]
    assert len([what for what in found if "not a usable picture" in what]) == 1


def test_a_folder_without_any_layout_is_exit_code_2(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        done = call("check-reid", folder)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1


def test_a_finding_keeps_the_first_names_of_many_whatever_their_order() -> None:
    names = [f"{number:06d}.jpg" for number in range(2 * MAX_NAMES)]
    random.Random(1).shuffle(names)
    view = View("tool")
    for name in names:
        view.add("train", name, Verdict(fault="wrong", breaks=True))
    (finding,) = view.findings
    assert finding.count == 2 * MAX_NAMES and finding.names == sorted(names)[:MAX_NAMES]


def test_a_report_that_is_somebody_elses_is_not_replaced(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "data")
    (tmp_path / "mine.json").write_text("the only copy")
    done = call("check-reid", root, "--json", tmp_path / "mine.json")
    assert done.exit_code == 2 and (tmp_path / "mine.json").read_text() == "the only copy"
