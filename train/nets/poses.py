"""How a pose is shown to the networks, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from train.nets.posemaps import floored_pose_maps, pose_maps
from train.nets.stickman import stick_figures
from train.settings.networks import DrawnPoses

POSES: Mapping[DrawnPoses, Callable[[Tensor, tuple[int, int], float], Tensor]] = {
    "heat-maps": pose_maps,
    "floored": floored_pose_maps,
    "stickman": stick_figures,
}
"""Each maps joints ``(b, 18, 2)``, a size and sigma to ``(b, c, height, width)``."""
