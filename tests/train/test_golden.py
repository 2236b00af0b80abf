"""Golden losses: the proof that a change of the code moved nothing.

Twenty steps of every preset and every variant on the CPU in float32. To write them anew, in a
commit that changes no other code: ``PYTHONPATH=.:tests python tests/train/test_golden.py NAME``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_shards import random_arrays

from train.data.batch import make_batch
from train.data.order import Order
from train.data.store import store_from
from train.losses.objective import make_objective
from train.settings.presets import PRESETS, resolve
from train.state import TrainState
from train.step import train_step

pytestmark = pytest.mark.long

GOLDEN = Path(__file__).parent / "golden"
NUM_STEPS = 20
DIGITS = 7
CPU = torch.device("cpu")


SMOOTH = {"loss": {"offsets_weight": 1.0}}
VARIANTS: dict[str, dict[str, Any]] = {
    "full-skips": {"generator": {"skips": "full"}},
    "stn-skips": {"generator": {"skips": "stn"}},
    "flow-skips": {"generator": {"skips": "flow"}, **SMOOTH},
    "parts-flow-skips": {"generator": {"skips": "parts+flow"}, **SMOOTH},
    "stickman": {"generator": {"poses": "stickman"}, "discriminator": {"poses": "stickman"}},
    "siamese": {"discriminator": {"kind": "siamese"}},
    "warp": {"discriminator": {"kind": "warp"}},
}
"""Kinds that no preset has, each alone, the rest as in dsc with what is not the authors' own."""


def losses_of(name: str) -> list[dict[str, float]]:
    small = {"base_channels": 4}
    settings = resolve(
        name if name in PRESETS else "dsc",
        {"generator": {"image_size": (64, 48), **small}, "discriminator": small},
        {"loss": {"features": "pixels"}, "data": {"batch": 2}},
        {} if name in PRESETS else {"generator": {"fidelity": False}},
        VARIANTS.get(name, {}),
    )
    store = store_from([random_arrays(11, identities=(2, 3, 5))])
    order = Order((store.num_pairs,), seed=0, mirror=settings.data.mirror)
    state, objective = TrainState(settings, CPU), make_objective(settings.loss, None, CPU)
    number = 0

    def draw():  # type: ignore[no-untyped-def]
        nonlocal number
        (picks,) = order.batch(number, 2)
        number += 1
        samples = store.gather(torch.from_numpy(picks.pairs))
        poses = settings.generator.drawn_poses
        return make_batch(samples, torch.from_numpy(picks.mirrored), sigma=6.0, poses=poses)

    found = []
    for _ in range(NUM_STEPS):
        report = train_step(state, objective, draw)
        figures = {"discriminator": report.discriminator["loss"], **report.generator}
        figures.pop("gradient")
        found.append({name: round(float(value), DIGITS) for name, value in figures.items()})
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", [*PRESETS, *VARIANTS])
def test_losses_are_the_golden_ones(name: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    found = losses_of(name)
    assert len(golden) == NUM_STEPS
    for step, (expected, got) in enumerate(zip(golden, found, strict=True)):
        # Another order of adding moves the last bit, and a game doubles that at every step.
        near = min(1e-5 * 2**step, 3e-2)
        assert got == pytest.approx(expected, rel=near, abs=1e-5), f"step {step}"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in sys.argv[1:] or [*PRESETS, *VARIANTS]:
        (GOLDEN / f"{name}.json").write_text(json.dumps(losses_of(name), indent=1) + "\n")
