"""Untrained generators of every kind, small, as a run or an export gives them."""

from __future__ import annotations

from typing import Any, Final

import torch

from train.inference.trained import Trained
from train.nets.generators import make_generator
from train.settings.networks import GeneratorSettings

KINDS: Final[dict[str, dict[str, Any]]] = {
    "layers": {"skips": "layers", "base_channels": 4, "image_size": (64, 32)},
    "layers, all settings": {
        "skips": "layers", "base_channels": 4, "image_size": (64, 32), "source_features": 4,
        "own_channels": 4, "background": "target", "selection": "whole", "silhouette": False,
        "selection_gain": 1.5, "own_logit": -0.5, "part_flow": True,
    },
    "none": {"skips": "none"},
    "parts": {"skips": "parts"},
    "parts, nothing of the authors": {
        "skips": "parts", "fidelity": False, "sampling": "bilinear", "aggregation": "mean",
        "norm": "instance", "background": "target",
    },
    "full": {"skips": "full"},
    "stn": {"skips": "stn"},
    "flow": {"skips": "flow", "poses": "stickman"},
    "parts+flow, padded": {"skips": "parts+flow", "image_size": (72, 40)},
}  # fmt: skip
"""By name, what differs from a small generator of 64 x 32 pixels."""


def untrained(kind: str) -> Trained:
    """A generator of a kind whose weights are no longer those of its start."""
    settings = GeneratorSettings(**{"base_channels": 2, "image_size": (64, 32), **KINDS[kind]})
    torch.manual_seed(3)
    generator = make_generator(settings)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return Trained(
        generator=generator.eval(),
        image_size=settings.image_size,
        sigma=6.0,
        poses=settings.drawn_poses,
        origin={"checkpoint": "none", "sha256": "0" * 64, "weights": "average"},
    )
