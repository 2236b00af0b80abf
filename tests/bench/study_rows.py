"""The rows of the studies: each is a preset with changes, by name, and how long it trains.

``papers``: the papers' rows at 16 channels and equal images, to see whether their order shows.
``variants``: each row adds one thing to the row above it, on equal samples in the same order; the
last one is the preset demo. ``equal-time``: presets at equal CPU time of one thread. ``trials``:
single changes to the preset demo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from train.settings.presets import PRESETS

Layer = Mapping[str, Any]

START: Layer = {
    "generator": {"skips": "none", "base_channels": 16, "fidelity": False, "attention_heads": 0},
    "discriminator": {"kind": "concat", "base_channels": 16},
    "loss": {"adversarial": "vanilla", "ssim_weight": 0.0, "nearest_weight": 0.0},
    "optimizer": {"generator": "adam"},
}
"""The papers' Baseline in place of the demo's networks, losses and optimiser."""

STEPS: tuple[tuple[str, str, Layer], ...] = (
    ("baseline", "the papers' Baseline, 16 channels: L1, adversarial, Adam", {}),
    ("parts", "skips warped part by part (DSC)", {"generator": {"skips": "parts"}}),
    ("nearest", "nearest-neighbour loss on pixels", {"loss": {"nearest_weight": 0.1}}),
    (
        "composite",
        "warped pixels as one layer of the output, in place of warped features",
        {
            "generator": {
                "skips": "layers",
                "base_channels": 32,
                "selection": "whole",
                "silhouette": False,
            }
        },
    ),
    ("layers", "ten layers, selected pixel by pixel", {"generator": {"selection": "parts"}}),
    ("silhouette", "the source's silhouette, warped along", {"generator": {"silhouette": True}}),
    ("ssim", "SSIM loss", {"loss": {"ssim_weight": 20.0}}),
    (
        "patch",
        "a patch discriminator under spectral norm, hinge",
        {
            "discriminator": {"kind": "patch", "base_channels": 24},
            "loss": {"adversarial": "hinge"},
        },
    ),
    ("muon", "Muon in place of Adam", {"optimizer": {"generator": "muon"}}),
    ("attention", "attention to the source: preset demo", {"generator": {"attention_heads": 4}}),
)
"""Name, what is added, and the settings that add it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a study.

    Attributes:
        name: Names its results.
        adds: What it is, for the table.
        preset: What it starts from.
        layers: Changes to the preset; later ones win.
        images: Images that it trains on; 0 where the time decides.
        minutes: CPU time of one thread that it trains for; 0 where the images decide.
        pairs: Test pairs that score it, the first by name; the Fréchet distance needs 512.
    """

    name: str
    adds: str
    preset: str
    layers: tuple[Layer, ...] = ()
    images: int = 0
    minutes: float = 0.0
    pairs: int = 600


def variants(images: int) -> list[Row]:
    """Return the rows of the ablation, each a step further."""
    layers: tuple[Layer, ...] = (START,)
    rows = []
    for name, adds, step in STEPS:
        layers = (*layers, step)
        rows.append(Row(name=name, adds=adds, preset="demo", layers=layers, images=images))
    return rows


def papers(images: int) -> list[Row]:
    """Return the papers' rows, small: do their skips and their loss show in their order?"""
    small: Layer = {
        "generator": {"base_channels": 16},
        "discriminator": {"base_channels": 16},
        "loss": {"features": "pixels"},
    }
    named = {"baseline": "Baseline", "dsc": "DSC", "full": "Full, --features pixels"}
    return [
        Row(name=name, adds=f"{adds}, 16 channels", preset=name, layers=(small,), images=images)
        for name, adds in named.items()
    ]


def equal_time(minutes: float) -> list[Row]:
    """Return the presets that are compared at equal CPU time."""
    pixels: Layer = {"loss": {"features": "pixels"}}
    named = {"full": "full --features pixels", "demo": "demo", "best": "best"}
    return [
        Row(
            name=preset,
            adds=adds,
            preset=preset,
            layers=(pixels,) if preset == "full" else (),
            minutes=minutes,
            pairs=2_000,
        )
        for preset, adds in named.items()
        if preset in PRESETS
    ]


TRIALS: Mapping[str, tuple[str, Layer]] = {
    "demo": ("preset demo as it is", {}),
    "wide": ("48 channels in place of 32", {"generator": {"base_channels": 48}}),
    "features": ("warped features of the source", {"generator": {"source_features": 32}}),
    "own": ("a branch of 16 channels for the own colour", {"generator": {"own_channels": 16}}),
    "flow": ("a learned flow of the parts", {"generator": {"part_flow": True}}),
    "flow-mild": (
        "a learned flow of the parts, adversarial .25",
        {"generator": {"part_flow": True}, "loss": {"adversarial_weight": 0.25}},
    ),
    "relativistic": (
        "relativistic pairing, R1 + R2 of .3, no spectral norm",
        {
            "discriminator": {"spectral": False},
            "loss": {
                "adversarial": "relativistic",
                "adversarial_weight": 1.0,
                "penalty_weight": 0.3,
            },
        },
    ),
    "gain": ("the selection's logits doubled", {"generator": {"selection_gain": 2.0}}),
    "painting": ("what is painted and not copied costs 3", {"loss": {"painting_weight": 3.0}}),
    "gain-painting": (
        "logits doubled, painting costs 3",
        {"generator": {"selection_gain": 2.0}, "loss": {"painting_weight": 3.0}},
    ),
    "structure": (
        "logits doubled, painting costs 3, SSIM 40, L1 10, adversarial 1",
        {
            "generator": {"selection_gain": 2.0},
            "loss": {
                "painting_weight": 3.0,
                "ssim_weight": 40.0,
                "l1_weight": 10.0,
                "adversarial_weight": 1.0,
            },
        },
    ),
    "part-ssim": ("SSIM by part, weight 10", {"loss": {"part_ssim_weight": 10.0}}),
    "matching": ("feature matching, weight 5", {"loss": {"matching_weight": 5.0}}),
    "decay": (
        "rates fall to a tenth over the run",
        {"optimizer": {"decay_images": 1_000, "final_rate": 0.1}},
    ),
    "average": (
        "the average's half-life four times as long",
        {"optimizer": {"average_half_life_images": 2_000}},
    ),
}
"""Single changes to the preset demo: name, what, and the settings."""


def trials(images: int) -> list[Row]:
    """Return the single changes to the preset demo."""
    best = Row(name="best", adds="preset best", preset="best", images=images)
    rows = [
        Row(name=name, adds=adds, preset="demo", layers=(layer,), images=images)
        for name, (adds, layer) in TRIALS.items()
    ]
    return [*rows, best]
