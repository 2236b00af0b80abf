"""The study: its rows, its table, and that a finished row is not computed again."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bench import study  # first: it makes its neighbours importable
from bench.study_rows import STEPS, TRIALS, Row, equal_time, papers, trials, variants
from bench.study_table import BEGIN, END, table_of, with_table
from drawn_shards import publish_shards

from shared.settings import differences
from train.settings.presets import resolve


def changes_between(one: Row, other: Row) -> set[str]:
    settings = [resolve(row.preset, *row.layers) for row in (one, other)]
    return {line.split(":")[0] for line in differences(*(s.lasting for s in settings))}


def test_each_row_of_the_ablation_changes_what_it_says_and_the_last_is_demo() -> None:
    rows = variants(8)
    for (before, after), (_, _, step) in zip(pairwise(rows), STEPS[1:], strict=True):
        named = {f"{section}.{name}" for section, table in step.items() for name in table}
        assert changes_between(before, after) == named
    assert not changes_between(rows[-1], Row(name="demo", adds="", preset="demo"))
    assert resolve(rows[0].preset, *rows[0].layers).generator.skips == "none"


def test_each_trial_is_one_change_to_demo() -> None:
    demo = Row(name="demo", adds="", preset="demo")
    for row in trials(8):
        if row.name in ("demo", "best"):
            continue
        assert changes_between(row, demo), row.name
    assert {row.name for row in trials(8)} == {*TRIALS, "best"}
    assert [row.name for row in equal_time(20)] == ["full", "demo", "best"]


def test_the_papers_rows_are_their_presets_made_small() -> None:
    for row in papers(8):
        small = {"generator.base_channels", "discriminator.base_channels", "loss.features"}
        assert changes_between(row, Row(name="", adds="", preset=row.preset)) == small
    assert [row.preset for row in papers(8)] == ["baseline", "dsc", "full"]


CONTROLS = ("source", "mean")


def result(name: str, adds: str, value: float) -> dict[str, Any]:
    metrics = ("ssim", "ssim-inside", "mask-ssim", "sharpness")
    scores = {metric: {"p": {"value": value + 0.1 * k}} for k, metric in enumerate(metrics)}
    return {
        "row": name,
        "adds": adds,
        "ms_a_sample": 10 * value,
        "scores": scores,
        "controls": {name: {metric: {"p": 0.5} for metric in metrics} for name in CONTROLS},
    }


def test_the_table_has_controls_and_the_rows_that_there_are(tmp_path: Path) -> None:
    assert table_of(tmp_path) == ""
    for place, value in ((0, 0.25), (2, 4.5)):
        name, adds, _ = STEPS[place]
        text = json.dumps(result(name, adds, value))
        (tmp_path / f"{name}-0.json").write_text(text)
    assert table_of(tmp_path).splitlines()[2:] == [
        "| source copied | – | 0.500 | 0.500 | 0.500 | 0.500 |",
        "| mean image | – | 0.500 | 0.500 | 0.500 | 0.500 |",
        f"| {STEPS[0][1]} | 2 | 0.250 | 0.350 | 0.450 | 0.550 |",
        f"| + {STEPS[2][1]} | 45 | 4.500 | 4.600 | 4.700 | 4.800 |",
    ]


def test_identity_has_a_column_where_every_row_was_judged(tmp_path: Path) -> None:
    for place, value in ((0, 0.25), (1, 0.5)):
        found = result(*STEPS[place][:2], value)
        for scores in (found["scores"], *found["controls"].values()):
            scores["rank-1"] = {"reid": {"value": value} if scores is found["scores"] else value}
        (tmp_path / f"{STEPS[place][0]}-0.json").write_text(json.dumps(found))
    lines = table_of(tmp_path).splitlines()
    assert lines[0].endswith("| sharpness | identity |")
    assert lines[-1].endswith("| 0.800 | 0.500 |") and lines[2].endswith("| 0.500 | 0.500 |")


def test_a_table_stands_between_its_markers_and_nothing_else_changes() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_table(text, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="expected the lines"):
        with_table("no markers", "new\n")


def test_the_readmes_table_is_that_of_the_committed_results(repository: Path) -> None:
    text = (repository / "README.md").read_text()
    assert with_table(text, table_of(study.RESULTS / "variants")) == text


@pytest.mark.process
@pytest.mark.long
def test_a_row_leaves_its_scores_and_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = publish_shards(tmp_path / "data", identities=2, images=2, size=(64, 48))
    monkeypatch.setattr(study, "RESULTS", tmp_path / "results")
    arguments = ["variants", "--shards", str(shards), "--runs", str(tmp_path / "runs")]
    monkeypatch.setattr(
        "sys.argv", ["study.py", *arguments, "--images", "8", "--rows", "attention", "baseline"]
    )
    study.main()
    paths = [tmp_path / "results" / "variants" / f"{n}-0.json" for n in ("attention", "baseline")]
    found = [json.loads(path.read_text()) for path in paths]
    for one in found:
        assert one["images"] == 8 and one["cpu_seconds"] > 0
        assert set(one["scores"]) >= {"ssim", "mask-ssim", "ssim-inside", "sharpness"}
        assert set(one["controls"]) >= {"real", "source", "mean"}
    assert found[0]["parameters"] != found[1]["parameters"]

    def again(*_: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(study, "run_row", again)
    study.main()


def test_without_shards_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["study.py", "variants"])
    with pytest.raises(SystemExit) as caught:
        study.main()
    assert caught.value.code == 2 and "--shards" in capsys.readouterr().err
