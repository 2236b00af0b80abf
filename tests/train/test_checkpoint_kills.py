"""Killed inside the save: the newest whole checkpoint is used, whatever moment it was."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from training_runs import QUIET

from train.checkpoint import Checkpoints

pytestmark = pytest.mark.process

SAVER = """
import sys, torch
from pathlib import Path
from shared.console import Console
from train.checkpoint import Checkpoints
kept = Checkpoints(Path(sys.argv[1]), keep=2, console=Console(quiet=True))
found = kept.load_newest()
images = int(found[1]["images"]) if found else 0
print("ready", flush=True)
while True:
    images += 1
    content = {"images": images, "weights": torch.full((400, 500), float(images))}
    kept.save(images, content, best_images=None)
"""


@pytest.mark.parametrize(
    "kills",
    [
        3,
        pytest.param(100, marks=pytest.mark.promises),
        pytest.param(1000, marks=pytest.mark.soak),
    ],
)
def test_killed_while_saving_never_leaves_a_torn_winner(tmp_path: Path, kills: int) -> None:
    chance, before = random.Random(kills), 0
    for _ in range(kills):
        command = [sys.executable, "-c", SAVER, str(tmp_path)]
        saver = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert saver.stdout is not None
        assert saver.stdout.readline() == b"ready\n"
        time.sleep(0.05 + chance.random() * 0.1)
        saver.kill()
        saver.wait()
        saver.stdout.close()
        found = Checkpoints(tmp_path, console=QUIET).load_newest()
        if found is None:
            continue
        images, weights = found[1]["images"], found[1]["weights"]
        assert torch.equal(weights, torch.full((400, 500), float(images)))
        assert images >= before
        before = images
    assert before > 0
