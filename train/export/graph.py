"""A generator as one graph: a picture and two poses in, a picture out, and nothing else to know.

Heat maps, transforms, masks and the source's background are computed inside, from the joints. So a
program that runs graphs draws people without any code of ours.

Convention:
    Pictures are float32 ``(b, 3, H, W)``, RGB in [-1, 1]; joints are float32 ``(b, 18, 2)``, (x, y)
    in pixels of the picture, NaN where absent, hips and shoulders present. b is free.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from shared.skeleton import NUM_JOINTS, NUM_PARTS
from train.export.geometry import quads_of, transforms_of
from train.inference.trained import Trained
from train.nets.background import background_of
from train.nets.drawing_network import DrawingNetwork
from train.nets.guidance import Guidance
from train.nets.norm import LayerScalarNorm
from train.nets.poses import POSES
from train.nets.skips.parts import PartSkip

BATCH: Final = "batch"
"""The name of the axis whose length is free."""


@dataclass(frozen=True)
class Port:
    """An input or output of the graph.

    Args:
        name: Its name.
        shape: Its shape; the free axis by its name.
    """

    name: str
    shape: tuple[str | int, ...]

    @property
    def text(self) -> str:
        """The shape in words, such as ``"float32 (batch, 3, 128, 64)"``."""
        return f"float32 ({', '.join(map(str, self.shape))})"


def ports(image_size: tuple[int, int]) -> tuple[tuple[Port, ...], Port]:
    """Return the inputs in their order and the output, for images of (height, width) pixels."""
    picture = (BATCH, 3, *image_size)
    joints = (BATCH, NUM_JOINTS, 2)
    inputs = (
        Port("source_image", picture),
        Port("source_joints", joints),
        Port("target_joints", joints),
    )
    return inputs, Port("image", picture)


class DrawingGraph(nn.Module):
    """What is exported: draws as the painter does, up to rounding.

    Args:
        trained: The generator; it is left as it is.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        self.generator = exportable(trained.generator)
        self._size = trained.image_size
        self._sigma = trained.sigma
        self._draw_pose = POSES[trained.poses]
        self._sees_background = trained.generator.settings.background != "none"
        self._warps_parts = any(isinstance(each, PartSkip) for each in self.generator.modules())

    def forward(self, source_image: Tensor, source_joints: Tensor, target_joints: Tensor) -> Tensor:
        """Draw people in other poses: float32 ``(b, 3, H, W)`` in [-1, 1]."""
        shown = source_image[:, :0]
        if self._sees_background:
            shown = background_of(source_image, source_joints, self._size)
        transforms, status, quads = self._geometry(source_joints, target_joints)
        guidance = Guidance(
            source_joints=source_joints,
            target_joints=target_joints,
            source_pose=self._draw_pose(source_joints, self._size, self._sigma),
            target_pose=self._draw_pose(target_joints, self._size, self._sigma),
            transforms=transforms,
            status=status,
            quads=quads,
            background=shown,
        )
        image: Tensor = self.generator(source_image, guidance).image
        return image.float()

    def _geometry(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self._warps_parts:
            return *transforms_of(source, target), quads_of(target, self._size)
        parts = (source.shape[0], NUM_PARTS)  # nobody looks at them
        return (
            source.new_zeros((*parts, 2, 3)),
            source.new_zeros(parts).to(torch.uint8),
            source.new_zeros((*parts, 4, 2)),
        )


def exportable(generator: DrawingNetwork) -> DrawingNetwork:
    """Return a copy that computes the same in plain operations, without gradient code of ours."""
    copied = copy.deepcopy(generator).eval().requires_grad_(requires_grad=False)
    for module in copied.modules():
        if isinstance(module, (LayerScalarNorm, PartSkip)):
            module.plain = True
    return copied
