"""eval-gan from the command line: one line for bad input, deep metrics from weight files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scored_pictures import (
    Results,
    make_results,
    write_alexnet,
    write_inception_2015,
    write_inception_torchvision,
)

ABSENT = """
import sys
sys.modules['ultralytics'] = sys.modules['preprocess'] = None
from train.cli import eval_gan
eval_gan()
"""


def eval_gan(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where neither ultralytics nor stage 1 can be imported."""
    command = [sys.executable, "-c", ABSENT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make_results(tmp_path_factory.mktemp("results"), count=10)


def test_deep_metrics_run_from_weight_files(results: Results, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    for write in (write_inception_2015, write_inception_torchvision, write_alexnet):
        write(weights)
    found = eval_gan(
        *("--panels", results.folder / "def-gan", "--out", tmp_path / "out", "--force"),
        *("--weights-dir", weights, "--protocols", "ssim/pose-gan,is,fid,lpips"),
    )
    assert found.returncode == 0, found.stderr
    report = json.loads((tmp_path / "out" / "metrics.json").read_text())
    real, black = report["controls"]["real"], report["controls"]["black"]
    for protocol in ("torchmetrics", "gfla"):
        assert report["fid"][protocol]["value"] > 0
        spread = black["fid"][protocol]["value"]
        assert real["fid"][protocol]["value"] == pytest.approx(0, abs=1e-9 * max(1, spread))
    assert real["lpips"]["alex"]["value"] == 0 < report["lpips"]["alex"]["value"]
    assert black["is"]["torchmetrics"]["value"] == 1 <= report["is"]["torchmetrics"]["value"]
    assert np.isfinite(report["is"]["torchmetrics"]["low"])
    assert set(report["files"]) >= {"inception-2015", "inception-torchvision", "alexnet"}
    assert "fid/torchmetrics" in found.stdout


def test_few_images_and_missing_weights_are_said_and_left_out(
    results: Results, tmp_path: Path
) -> None:
    (tmp_path / "weights-inception-2015-12-05-6726825d.pth").write_bytes(b"not looked into")
    common = ("--panels", results.folder / "def-gan", "--weights-dir", tmp_path)
    common = (*common, "--out", tmp_path / "out", "--limit", 3)
    found = eval_gan(*common)
    assert found.returncode == 0, found.stderr
    assert "2,048" in found.stderr and "curl" in found.stderr and "alexnet" in found.stderr
    refused = eval_gan(*common, "--protocols", "fid/torchmetrics")
    assert refused.returncode == 2
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
        found = eval_gan(*arguments, *out)
        assert found.returncode == 2, (arguments, found.stderr)
        lines = found.stderr.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), (arguments, found.stderr)


def test_a_file_of_options_gives_defaults_and_refuses_unknown_ones(
    results: Results, tmp_path: Path
) -> None:
    config = tmp_path / "eval.toml"
    config.write_text(
        f'panels = "{results.folder / "patn"}"\nprotocols = "l1"\nimage-size = "128x64"\n'
    )
    found = eval_gan("--config", config, "--out", tmp_path / "out", "--limit", 4)
    assert found.returncode == 0, found.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["pairs"] == 4
    config.write_text("pannels = 'x'\n")
    found = eval_gan("--config", config, "--out", tmp_path / "out")
    assert found.returncode == 2 and "panels" in found.stderr


def test_help_imports_nothing_heavy_and_shows_two_examples() -> None:
    code = (
        "import sys\nfrom train.cli import eval_gan\n"
        "try:\n    eval_gan(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'pandas', 'h5py'} & set(sys.modules)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("  eval-gan --") == 2
