"""The presets: rows of the papers' tables, one of learned flow (seed), and one for a CPU (demo).

A preset is the first layer of a run's settings; a ``--config`` file and flags go on top of it.
What a row does not name has the default of :mod:`train.settings.tree`, and those are the papers'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.errors import UsageError, problem
from shared.settings import build
from train.settings.tree import TrainSettings

Layer = Mapping[str, Any]

# fmt: off
PRESETS: Final[Mapping[str, Layer]] = {
    "baseline":  {"generator": {"skips": "none"},  "loss": {"l1_weight": 100.0}},
    "dsc":       {"generator": {"skips": "parts"}, "loss": {"l1_weight": 100.0}},
    "perc-loss": {"generator": {"skips": "parts"}, "loss": {"perceptual_weight": 0.5}},
    "full":      {"generator": {"skips": "parts"}, "loss": {"nearest_weight": 0.01}},
    "seed": {
        "generator":     {"skips": "flow", "fidelity": False},
        "loss":          {"adversarial": "hinge", "perceptual_weight": 0.5,
                          "nearest_weight": 0.01, "offsets_weight": 1.0},
    },
    "demo": {
        "generator":     {"skips": "layers", "base_channels": 32, "fidelity": False},
        "discriminator": {"kind": "patch", "base_channels": 24},
        "loss":          {"adversarial": "hinge", "adversarial_weight": 0.5, "l1_weight": 40.0,
                          "ssim_weight": 20.0, "nearest_weight": 0.1, "features": "pixels"},
        "optimizer":     {"generator": "muon", "generator_rate": 1e-3, "discriminator_rate": 4e-4,
                          "clip_norm": 100.0, "average_half_life_images": 500},
        "data":          {"batch": 4, "mirror": 0.5, "reuse_fake": True},
        "run":           {"max_images": 20_000, "max_hours": 0.09, "status_images": 200,
                          "sheet_images": 2_000, "checkpoint_images": 2_000, "score_pairs": 64},
    },
    "best": {
        "generator":     {"skips": "layers", "base_channels": 48, "part_flow": True,
                          "fidelity": False},
        "discriminator": {"kind": "patch", "base_channels": 32},
        "loss":          {"adversarial": "hinge", "adversarial_weight": 0.5, "l1_weight": 40.0,
                          "ssim_weight": 20.0, "nearest_weight": 0.1, "features": "pixels"},
        "optimizer":     {"generator": "muon", "generator_rate": 1e-3, "discriminator_rate": 4e-4,
                          "clip_norm": 100.0},
        "data":          {"batch": 4, "mirror": 0.5, "reuse_fake": True},
    },
}
# fmt: on


LARGE_PX: Final = 256
"""From a longer side of so many pixels on, images are large: those of DeepFashion."""


def scaled_to(image_size: tuple[int, int]) -> Layer:
    """What all presets change for large images, as a layer above them.

    The nearest-neighbour loss looks 5 x 5 pixels around instead of 3 x 3. Levels of the networks
    follow the size by themselves, and so does the heat maps' deviation outside of ``fidelity``.

    Args:
        image_size: (height, width) in pixels.

    Source: Siarohin et al. 2018, section 4 (3 for Market-1501, 5 for DeepFashion).
    """
    return {"loss": {"nearest_window": 5}} if max(image_size) >= LARGE_PX else {}


def resolve(preset: str, *layers: Layer, where: object = "settings") -> TrainSettings:
    """Build a run's settings: the preset, then further layers.

    Args:
        preset: Name of the preset.
        layers: Nested plain values; later ones win.
        where: Named in error messages.

    Returns:
        The settings.

    Raises:
        UsageError: There is no such preset, an unknown key, or a value that is not allowed.
    """
    if preset not in PRESETS:
        raise UsageError(problem("--preset", ", ".join(PRESETS), preset, "choose one of them"))
    return build(TrainSettings, {"preset": preset}, PRESETS[preset], *layers, where=where)
