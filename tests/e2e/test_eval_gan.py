"""eval-gan from the command line: one line for bad input, deep metrics from weight files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scored_pictures import (
    Results,
    make_results,
    write_alexnet,
    write_inception_2015,
    write_inception_torchvision,
)

from train.commands.eval_gan import eval_gan

WITHOUT_STAGE_1 = """
import sys
sys.modules['ultralytics'] = sys.modules['preprocess'] = None
from train.commands.eval_gan import eval_gan
eval_gan()
"""


def call(*arguments: object) -> Result:
    """Call the command in this process."""
    return CliRunner().invoke(eval_gan, list(map(str, arguments)))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_results(tmp_path_factory.mktemp("results"), count=10)


def test_it_runs_where_stage_1_and_ultralytics_are_absent(results: Results, tmp_path: Path) -> None:
    arguments = ("--panels", results.folder / "def-gan", "--out", tmp_path / "out", "--limit", 2)
    command = [sys.executable, "-c", WITHOUT_STAGE_1, *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "ssim/pose-gan" in found.stdout and "mask-ssim/pose-gan" in found.stderr


def deep_report(results: Results, folder: Path, protocols: str, limit: int) -> dict[str, Any]:
    found = call(
        *("--generated", results.folder / "generated", "--real", results.folder / "real"),
        *("--weights-dir", folder, "--force", "--protocols", protocols),
        *("--limit", limit, "--out", folder / "out"),
    )
    assert found.exit_code == 0, found.stderr
    report: dict[str, Any] = json.loads((folder / "out" / "metrics.json").read_text())
    return report


def test_lpips_runs_from_a_weight_file(results: Results, tmp_path: Path) -> None:
    write_alexnet(tmp_path)
    report = deep_report(results, tmp_path, "lpips", 3)
    control = report["controls"]["real"]["lpips"]["alex"]
    assert control["value"] == 0 < report["lpips"]["alex"]["value"]
    assert "alexnet" in report["files"]


@pytest.mark.slow
def test_fid_and_inception_score_run_from_weight_files(results: Results, tmp_path: Path) -> None:
    write_inception_2015(tmp_path)
    write_inception_torchvision(tmp_path)
    report = deep_report(results, tmp_path, "is,fid", 10)
    real, black = report["controls"]["real"], report["controls"]["black"]
    for protocol in ("torchmetrics", "gfla"):
        assert report["fid"][protocol]["value"] > 0
        spread = black["fid"][protocol]["value"]
        assert real["fid"][protocol]["value"] == pytest.approx(0, abs=1e-9 * spread)
    assert black["is"]["torchmetrics"]["value"] == 1
    entry = report["is"]["torchmetrics"]
    assert entry["low"] <= entry["value"] <= entry["high"] and entry["value"] >= 1
    assert set(report["files"]) >= {"inception-2015", "inception-torchvision"}


def test_few_images_and_missing_weights_are_said_and_left_out(
    results: Results, tmp_path: Path
) -> None:
    (tmp_path / "weights-inception-2015-12-05-6726825d.pth").write_bytes(b"not looked into")
    common = ("--panels", results.folder / "def-gan", "--weights-dir", tmp_path)
    common = (*common, "--out", tmp_path / "out", "--limit", 3)
    found = call(*common)
    assert found.exit_code == 0, found.stderr
    assert "2,048" in found.stderr and "curl" in found.stderr and "alexnet" in found.stderr
    refused = call(*common, "--protocols", "fid/torchmetrics")
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1].startswith("error: fid/torchmetrics")
    assert "--force" in refused.stderr


def test_bad_input_is_one_line_and_exit_code_2(results: Results, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = ("--out", tmp_path / "out", "--quiet")
    for arguments in (
        ("--generated", tmp_path / "empty", "--real", results.folder / "real"),
        ("--generated", results.folder / "gfla", "--real", results.folder / "real"),
        ("--panels", results.folder / "gfla"),
        ("--panels", tmp_path / "nowhere"),
        ("--panels", results.folder / "patn", "--image-size", "120x64"),
        (),
    ):
        found = call(*arguments, *out)
        assert found.exit_code == 2, (arguments, found.stderr)
        lines = found.stderr.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), (arguments, found.stderr)


def test_a_file_of_options_gives_defaults_and_refuses_unknown_ones(
    results: Results, tmp_path: Path
) -> None:
    config = tmp_path / "eval.toml"
    config.write_text(
        f'panels = "{results.folder / "patn"}"\nprotocols = "l1"\nimage-size = "128x64"\n'
    )
    found = call("--config", config, "--out", tmp_path / "out", "--limit", 4)
    assert found.exit_code == 0, found.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["pairs"] == 4
    config.write_text("pannels = 'x'\n")
    found = call("--config", config, "--out", tmp_path / "out")
    assert found.exit_code == 2 and "panels" in found.stderr


def test_help_imports_nothing_heavy_and_shows_two_examples() -> None:
    code = (
        "import sys\nfrom train.commands.eval_gan import eval_gan\n"
        "try:\n    eval_gan(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'pandas', 'h5py'} & set(sys.modules)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split("Examples:")[1].count("  eval-gan --") >= 2
