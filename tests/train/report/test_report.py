from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from pages_read import assert_whole
from PIL import Image

from shared.errors import DamagedError, UsageError
from train.report.page import publish_report

HOSTILE = "<script>alert(1)</script>"


def make_run(folder: Path, *, preset: str = "dsc", rate: float = 0.1, sheets: int = 3) -> Path:
    """A run folder as training leaves it, with a log of four lines."""
    (folder / "sheets").mkdir(parents=True)
    settings = {"preset": preset, "optimizer": {"rate": rate}, "run": {"max_images": 30}}
    (folder / "settings.json").write_text(json.dumps(settings))
    lines = [
        {"images": 10, "kind": "status", "losses": {"l1": 3.0}, "speed": {"samples_per_s": 4.0}},
        {"images": 20, "kind": "status", "losses": {"l1": 2.0}, "seconds": 7200},
        {"images": 20, "kind": "scores", "ssim": {"generator": 0.4, "source copied": 0.2}},
        {"images": 30, "kind": "status", "losses": {"l1": 1.0}},
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for number in range(sheets):
        pixels = np.full((20, 30, 3), 25 * number, np.uint8)
        Image.fromarray(pixels).save(folder / "sheets" / f"sheet-{number + 1:010d}.png")
    return folder


def score(run: Path, value: float) -> None:
    entry = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 12}
    report = {"pairs": 12, "ssim": {"pose-gan": entry}}
    report["controls"] = {"source": {"ssim": {"pose-gan": {**entry, "value": 0.25}}}}
    (run / "scores").mkdir()
    (run / "scores" / "metrics.json").write_text(json.dumps(report))


def written(tmp_path: Path, *runs: Path, sheets: int = 8) -> bytes:
    publish_report(runs, tmp_path / "run.html", sheets)
    return (tmp_path / "run.html").read_bytes()


def test_a_report_shows_progress_curves_sheets_scores_and_settings(tmp_path: Path):
    run = make_run(tmp_path / "a")
    score(run, 0.5)
    read = assert_whole(written(tmp_path, run))
    for words in ("at its end", "2.00", "Losses of the generator, weighted", "images"):
        assert words in read.text
    assert "0.5000" in read.text and "0.4000 to 0.6000" in read.text and "0.2500" in read.text
    assert "optimizer.rate" in read.text
    assert sum("data-images" in each for _, each in read.elements) == 3


def test_several_runs_stand_side_by_side(tmp_path: Path):
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b", rate=0.2)]
    for number, run in enumerate(runs):
        score(run, 0.5 + number / 10)
    text = assert_whole(written(tmp_path, *runs)).text
    differing = text.partition("Settings that are not the same")[2].partition("Curves")[0]
    assert "optimizer.rate" in differing and "preset" not in differing
    assert "Side by side" in text and "0.6000 (0.5000 to 0.7000)" in text


def legends(text: str) -> dict[str, list[str]]:
    """The names below each chart, by its title."""
    figures = re.findall("<figure><figcaption>(.*?)</figcaption>(.*?)</figure>", text, re.DOTALL)
    return {title: re.findall(r"<bdi>(.*?)</bdi>", content) for title, content in figures}


def log_losses(run: Path, **losses: float) -> Path:
    lines = ({"images": at, "kind": "status", "losses": losses} for at in (10, 20))
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def test_every_chart_of_several_runs_says_whose_its_curves_are(tmp_path: Path):
    """Also a chart of a quantity that one run alone has: its preset knows that loss."""
    runs = [log_losses(make_run(tmp_path / name), l1=1.0) for name in "ab"]
    runs.append(log_losses(make_run(tmp_path / "c"), l1=2.0, ssim=3.0))
    found = legends(written(tmp_path, *runs).decode())
    weighted = "Losses of the generator, weighted"
    assert found == {f"{weighted}: l1": ["a", "b", "c"], f"{weighted}: ssim": ["c"]}


def test_charts_of_one_run_need_no_name(tmp_path: Path):
    run = log_losses(make_run(tmp_path / "a"), l1=1.0, ssim=3.0)
    assert set(map(len, legends(written(tmp_path, run).decode()).values())) == {0}


def test_damage_in_a_run_is_told_and_passed_over(tmp_path: Path):
    run = make_run(tmp_path / "a")
    with (run / "log.jsonl").open("ab") as log:
        log.write(b'{"images": 30, "kind": "sta\n\xff\xfe\n[]\n')
    (run / "sheets" / "sheet-0000000002.png").write_bytes(b"\x89PNG torn")
    (run / "scores").mkdir()
    (run / "scores" / "metrics.json").write_text('{"ssim": {"pose-gan": 3}}')
    text = assert_whole(written(tmp_path, run)).text
    assert "4 lines, 3 more that no run can have written" in text
    assert "1 sheets are too large for the page or cannot be read" in text
    assert "cannot be read: score it again" in text


def test_hostile_texts_are_text(tmp_path: Path):
    run = make_run(tmp_path / "<img src=x onerror=alert(1)>", preset=HOSTILE)
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps({"images": 1, "kind": "status", "losses": {HOSTILE: 1}}) + "\n")
        log.write(json.dumps({"images": 1, "kind": "status", "x": HOSTILE}) + "\n")
    read = assert_whole(written(tmp_path, run))
    assert HOSTILE in read.text
    assert sum(tag == "script" for tag, _ in read.elements) == 1


def test_sheets_are_chosen_evenly_and_the_last_is_among_them(tmp_path: Path):
    run = make_run(tmp_path / "a", sheets=9)
    for number, expected in ((3, ["1", "5", "9"]), (1, ["9"]), (0, [])):
        read = assert_whole(written(tmp_path, run, sheets=number))
        assert [e["data-images"] for _, e in read.elements if "data-images" in e] == expected


def test_a_run_that_has_just_begun_has_a_report(tmp_path: Path):
    run = make_run(tmp_path / "a", sheets=0)
    (run / "log.jsonl").unlink()
    text = assert_whole(written(tmp_path, run)).text
    assert "not at its end" in text and "No sheets yet" in text


def test_equal_runs_make_equal_bytes_and_strangers_files_are_left_alone(tmp_path: Path):
    run = make_run(tmp_path / "a")
    assert written(tmp_path, run) == written(tmp_path, run)
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(UsageError, match="choose another name"):
        publish_report([run], tmp_path / "mine.html", 1)


def test_what_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"give train-gan's --out"):
        publish_report([tmp_path], tmp_path / "a.html", 1)
    run = make_run(tmp_path / "a")
    with pytest.raises(UsageError, match="1 to 8 runs"):
        publish_report([run] * 9, tmp_path / "a.html", 1)
    (run / "settings.json").write_text("{")
    with pytest.raises(DamagedError):
        publish_report([run], tmp_path / "a.html", 1)
