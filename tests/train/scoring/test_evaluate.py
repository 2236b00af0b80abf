"""The evaluator as a whole: forms of results, controls, bad input, killed and repeated runs."""

from __future__ import annotations

import csv
import errno
import json
import math
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from commands import program
from disks import FailingDisk
from PIL import Image
from scored_pictures import Results, make_results, save
from skimage.metrics import structural_similarity

from shared.console import Console
from shared.errors import LockedError, PoseGanError, UsageError
from shared.folder_lock import folder_lock
from train.metrics.masks import mask_ssim, pose_masks
from train.scoring.evaluate import EvalSettings, score

pytestmark = pytest.mark.long

CONSOLE = Console(quiet=True)
CHEAP = ("ssim/pose-gan", "l1")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_results(tmp_path_factory.mktemp("results"))


def settings_for(results: Results, out: Path, form: str = "def-gan", **more: Any) -> EvalSettings:
    if form == "folders":
        more |= {"generated": results.folder / "generated", "real": results.folder / "real"}
    else:
        more |= {"panels": results.folder / form}
    if form == "gfla":
        more |= {"real": results.folder / "real"}
    return EvalSettings(out=out, **more)


def value(report: dict[str, Any], key: str) -> float:
    metric, protocol = key.split("/")
    return float(report[metric][protocol]["value"])


@pytest.mark.long
def test_every_form_of_results_gives_the_same_scores(results: Results, tmp_path: Path) -> None:
    keypoints = results.folder / "keypoints.csv"
    expected_ssim = [
        structural_similarity(
            r,
            g,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=int(g.max()) - int(g.min()),
        )
        for g, r in zip(results.generated, results.real, strict=True)
    ]
    masks = pose_masks(torch.from_numpy(results.joints), results.real.shape[1:3])
    pair = torch.from_numpy(results.generated), torch.from_numpy(results.real)
    expected_mask_ssim = float(mask_ssim(*pair, masks).mean())
    for form in ("folders", "def-gan", "patn", "gfla"):
        report = score(settings_for(results, tmp_path / form, form, keypoints=keypoints), CONSOLE)
        assert value(report, "ssim/pose-gan") == pytest.approx(np.mean(expected_ssim), abs=1e-9)
        assert value(report, "mask-ssim/pose-gan") == pytest.approx(expected_mask_ssim, abs=1e-9)
        assert report["ssim"]["pose-gan"]["n"] == 5
        assert ("source" in report["controls"]) == (form in ("def-gan", "patn"))


def test_metrics_json_has_its_documented_keys(results: Results, tmp_path: Path) -> None:
    keypoints = results.folder / "keypoints.csv"
    report = score(settings_for(results, tmp_path, keypoints=keypoints), CONSOLE)
    assert json.loads((tmp_path / "metrics.json").read_text()) == report
    assert set(report["ssim"]) == {"pose-gan", "range255", "pg2", "gfla", "pidm"}
    assert set(report["ssim"]["pose-gan"]) == {"value", "low", "high", "n"}
    assert list(report["controls"]) == ["real", "source", "mean", "black"]
    for control in report["controls"].values():
        assert set(control) >= {"ssim", "mask-ssim", "psnr", "l1"}
    assert report["pairs"] == 5 and report["image_size"] == [128, 64]
    assert report["files"]["generated"]["count"] == 5
    assert len(report["files"]["keypoints"]["sha256"]) == 64
    assert {"python", "posegan", "torch", "torchmetrics"} <= set(report["versions"])
    assert set(report["protocols"]) >= {"ssim/pg2", "psnr/range255"}
    assert "fid/gfla" in report["skipped"]


def test_intervals_hold_the_value_and_leads_are_paired(results: Results, tmp_path: Path) -> None:
    report = score(settings_for(results, tmp_path, protocols=CHEAP), CONSOLE)
    entry = report["ssim"]["pose-gan"]
    assert entry["low"] <= entry["value"] <= entry["high"]
    lead = report["lead"]["mean"]["ssim"]["pose-gan"]
    gap = entry["value"] - report["controls"]["mean"]["ssim"]["pose-gan"]["value"]
    assert lead["value"] == pytest.approx(gap) and 0 < lead["low"] <= lead["high"]


def test_controls_have_their_known_answers(results: Results, tmp_path: Path) -> None:
    protocols = ("ssim", "psnr", "l1")
    controls = score(settings_for(results, tmp_path, protocols=protocols), CONSOLE)["controls"]
    assert all(e["value"] == pytest.approx(1) for e in controls["real"]["ssim"].values())
    assert controls["real"]["l1"]["range1"]["value"] == 0
    assert controls["real"]["psnr"]["range255"]["value"] is None  # infinite
    assert controls["black"]["l1"]["range1"]["value"] == pytest.approx(results.real.mean() / 255)
    mean = np.rint(results.real.mean(0)).astype(np.uint8)
    expected = np.abs(results.real.astype(float) - mean).mean() / 255
    assert controls["mean"]["l1"]["range1"]["value"] == pytest.approx(expected)
    expected = np.abs(results.real.astype(float) - results.source).mean() / 255
    assert controls["source"]["l1"]["range1"]["value"] == pytest.approx(expected)


def test_file_names_may_say_nothing(results: Results, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((results.folder / "def-gan").iterdir())):
        (tmp_path / "panels").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "panels" / f"{number}.png")
    settings = EvalSettings(panels=tmp_path / "panels", out=tmp_path / "out", protocols=CHEAP)
    expected = score(settings_for(results, tmp_path / "named", protocols=CHEAP), CONSOLE)
    assert score(settings, CONSOLE)["ssim"] == expected["ssim"]


def test_a_layout_names_the_panels_of_a_foreign_form(results: Results, tmp_path: Path) -> None:
    (tmp_path / "panels").mkdir()
    for i in range(3):
        panels = results.generated[i], results.source[i], results.source[i], results.real[i]
        save(tmp_path / "panels" / f"{i}.png", *panels)
    layout = ("generated", "other", "source", "target")
    settings = EvalSettings(
        panels=tmp_path / "panels", out=tmp_path / "out", layout=layout, protocols=("l1",)
    )
    expected = np.abs(results.generated[:3].astype(float) - results.real[:3]).mean() / 255
    assert value(score(settings, CONSOLE), "l1/range1") == pytest.approx(expected)


def test_limit_takes_the_first_pairs_by_name(results: Results, tmp_path: Path) -> None:
    report = score(settings_for(results, tmp_path, protocols=("l1",), limit=2), CONSOLE)
    expected = np.abs(results.generated[:2].astype(float) - results.real[:2]).mean() / 255
    assert report["pairs"] == 2 and value(report, "l1/range1") == pytest.approx(expected)


def test_tables_and_pairs_are_written(results: Results, tmp_path: Path) -> None:
    report = score(settings_for(results, tmp_path, protocols=CHEAP), CONSOLE)
    pairs = pd.read_csv(tmp_path / "pairs.csv")
    assert pairs["ssim/pose-gan"].mean() == pytest.approx(value(report, "ssim/pose-gan"))
    assert list(pairs["target"]) == list(results.targets)
    assert {"source:l1/range1", "black:l1/range1", "generated_sha256"} <= set(pairs)
    with (tmp_path / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 5
    assert float(rows[0]["value"]) == value(report, "ssim/pose-gan")
    shown = f"{value(report, 'ssim/pose-gan'):.4f}"
    for name in ("table.md", "table.tex"):
        text = (tmp_path / name).read_text()
        assert shown in text and "black image" in text


def test_pckh_and_detections_come_from_files_of_extract_poses(
    results: Results, tmp_path: Path
) -> None:
    lines = (results.folder / "keypoints.csv").read_text().splitlines()
    poses = [lines[0]]
    for line, a in zip(lines[1:], results.sources, strict=True):
        name, rest = line.split(":", 1)
        poses.append(f"{a}.jpg_{name}.png:{rest}")
    (tmp_path / "found.csv").write_text("\n".join(poses) + "\n")
    rows = [f"{p.split(':')[0]},1,{0.5 + i / 10}" for i, p in enumerate(poses[1:])]
    rows[0] = f"{poses[1].split(':')[0]},0,nan"
    scores = "\n".join(["name,people,person_score", *rows])
    (tmp_path / "found-scores.csv").write_text(scores + "\n")
    settings = settings_for(
        results,
        tmp_path / "out",
        protocols=("pckh", "ds"),
        generated_poses=tmp_path / "found.csv",
        keypoints=results.folder / "keypoints.csv",
    )
    report = score(settings, CONSOLE)
    assert value(report, "pckh/patn") == 1
    assert value(report, "ds/person-score") == pytest.approx((0 + 0.6 + 0.7 + 0.8 + 0.9) / 5)
    assert report["controls"]["real"]["pckh"]["patn"]["value"] == 1


@pytest.mark.process
def test_a_killed_run_repeated_gives_equal_files(results: Results, tmp_path: Path) -> None:
    command = program("eval-gan", "--panels", results.folder / "def-gan", "--quiet", "--out")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    process = subprocess.Popen([*command, str(killed)], stdout=subprocess.DEVNULL)
    while not killed.exists():
        time.sleep(0.05)
    time.sleep(0.5)  # in the middle of its work
    process.kill()
    process.wait()
    subprocess.run([*command, str(killed)], check=True, capture_output=True)
    for name in ("metrics.json", "pairs.csv", "table.csv", "table.md", "table.tex"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()


def test_a_failing_disk_leaves_no_half_written_file(results: Results, tmp_path: Path) -> None:
    settings = settings_for(results, tmp_path, protocols=("l1",), limit=1)
    for call in range(60):
        try:
            score(settings, CONSOLE, FailingDisk(call, errno.ENOSPC))
        except PoseGanError:
            if (tmp_path / "metrics.json").exists():
                json.loads((tmp_path / "metrics.json").read_text())
        else:
            break
    else:
        pytest.fail("the run never passed")
    assert not list(tmp_path.glob("*.part"))


def test_two_runs_in_one_folder_do_not_mix(results: Results, tmp_path: Path) -> None:
    with folder_lock(tmp_path), pytest.raises(LockedError):
        score(settings_for(results, tmp_path, protocols=("l1",)), CONSOLE)


def copied(results: Results, tmp_path: Path) -> tuple[Path, Path, EvalSettings]:
    generated, real = tmp_path / "generated", tmp_path / "real"
    shutil.copytree(results.folder / "generated", generated)
    shutil.copytree(results.folder / "real", real)
    settings = EvalSettings(generated=generated, real=real, out=tmp_path / "out", protocols=("l1",))
    return generated, real, settings


def one_line(settings: EvalSettings, *words: str) -> None:
    with pytest.raises(UsageError) as error:
        score(settings, CONSOLE)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_unpaired_files_are_listed_and_refused(results: Results, tmp_path: Path) -> None:
    generated, real, settings = copied(results, tmp_path)
    (generated / f"{results.targets[0]}.bmp").unlink()
    (real / f"{results.targets[1]}.png").unlink()
    one_line(settings, results.targets[0], results.targets[1], "--allow-missing")
    report = score(replace(settings, allow_missing=True), CONSOLE)
    assert report["pairs"] == 3
    unpaired = {"generated": [results.targets[1]], "real": [results.targets[0]]}
    assert report["unpaired"] == unpaired


def test_unequal_sizes_are_refused(results: Results, tmp_path: Path) -> None:
    generated, _, settings = copied(results, tmp_path)
    path = generated / f"{results.targets[2]}.bmp"
    Image.open(path).resize((60, 128)).save(path)
    one_line(settings, path.name, "128 x 60")


@pytest.mark.parametrize("content", [b"", b"text, no picture", None])
def test_unreadable_files_are_refused(
    content: bytes | None, results: Results, tmp_path: Path
) -> None:
    generated, _, settings = copied(results, tmp_path)
    path = generated / f"{results.targets[2]}.bmp"
    path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    one_line(settings, path.name, "readable picture")


def test_missing_key_points_are_refused(results: Results, tmp_path: Path) -> None:
    lines = (results.folder / "keypoints.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:-1]) + "\n")
    settings = settings_for(
        results, tmp_path / "out", protocols=("mask-ssim",), keypoints=tmp_path / "few.csv"
    )
    one_line(settings, results.targets[-1], "key points")
    report = score(replace(settings, allow_missing=True), CONSOLE)
    assert report["mask-ssim"]["pose-gan"]["n"] == 4


def test_empty_and_absent_folders_are_refused(results: Results, tmp_path: Path) -> None:
    _, _, settings = copied(results, tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    one_line(replace(settings, generated=tmp_path / "empty"), "pictures")
    one_line(replace(settings, real=tmp_path / "nowhere"), "readable folder")
    one_line(replace(settings, real=tmp_path / "generated" / "nowhere"), "readable folder")


def test_panels_of_another_size_or_number_are_refused(results: Results, tmp_path: Path) -> None:
    one_line(settings_for(results, tmp_path, image_size=(128, 60)), "--image-size")
    one_line(settings_for(results, tmp_path, image_size=(128, 32)), "--layout")
    one_line(settings_for(results, tmp_path, layout=("target", "generated")), "--layout")
    single = EvalSettings(panels=results.folder / "gfla", out=tmp_path)
    one_line(single, "--real")


def test_wrong_settings_are_refused_at_once(tmp_path: Path) -> None:
    for wrong in (
        {},
        {"generated": tmp_path},
        {"generated": tmp_path, "real": tmp_path, "panels": tmp_path},
        {"panels": tmp_path, "layout": ("source", "target")},
        {"panels": tmp_path, "layout": ("generated", "origin")},
        {"panels": tmp_path, "protocols": ("ssmi",)},
        {"panels": tmp_path, "limit": 0},
    ):
        with pytest.raises(UsageError):
            EvalSettings(out=tmp_path, **wrong)  # type: ignore[arg-type]


def test_scores_that_cannot_be_given_are_refused_by_name(results: Results, tmp_path: Path) -> None:
    one_line(settings_for(results, tmp_path, protocols=("mask-ssim",)), "--keypoints")
    one_line(settings_for(results, tmp_path, protocols=("lpips",)), "alexnet", "curl")
    one_line(settings_for(results, tmp_path, protocols=("pckh",)), "--generated-poses")


def test_a_protocol_whose_window_is_too_large_is_left_out_and_said(tmp_path: Path) -> None:
    small = make_results(tmp_path / "small", count=2, size=(40, 24))
    settings = settings_for(small, tmp_path / "out", image_size=(40, 24))
    report = score(settings, CONSOLE)
    assert "gfla" not in report["ssim"] and "pose-gan" in report["ssim"]
    assert "40 x 24" in report["skipped"]["ssim/gfla"]
    one_line(replace(settings, protocols=("ssim/gfla",)), "40 x 24")


def test_numbers_are_finite_or_null(results: Results, tmp_path: Path) -> None:
    score(settings_for(results, tmp_path, protocols=("psnr",)), CONSOLE)

    def refuse(name: str) -> float:
        raise AssertionError(name)

    json.loads((tmp_path / "metrics.json").read_text(), parse_constant=refuse)
    assert math.isinf(pd.read_csv(tmp_path / "pairs.csv")["real:psnr/range255"][0])
