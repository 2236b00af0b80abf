"""The layers that a picture is made of: ten warped parts of the source and its background.

A stack is computed at any size from a photo of any size; only its geometry belongs to the image
size of the joints and transforms. So the same selection of layers can be drawn at the network's
size and at the photo's own.

Convention:
    Layers 0 to 9 are the parts in the skeleton's order, layer 10 is the source's background,
    filled in behind the person. Layer 11, which is not in a stack, is the network's own colour.
    Parts ascend from back to front.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.skeleton import NUM_PARTS, TORSO
from train.nets.backdrop import filled_in
from train.nets.partshapes import (
    PartShapes,
    part_depths,
    part_shapes,
    pixel_centres,
    ramp,
    silhouette,
    unseen,
)
from train.nets.sampling import sample_parts

NUM_LAYERS = NUM_PARTS + 2
"""Ten parts, the background, the network's own colour."""

BACKDROP = NUM_PARTS
OWN = NUM_PARTS + 1

BORDER_PX = 4.0
"""Width of the soft border of a part's mask at a height of 128 pixels."""

BODY_BORDER_PX = 3.0
"""Width of the soft border of the source's silhouette at a height of 128 pixels."""

PERSON_BORDER_PX = 6.0
"""Width of the soft border of the target's person at a height of 128 pixels."""

MARGIN_PX = 4.0
"""So far around the source's person nothing counts as background, at a height of 128 pixels."""

TORSO_BORDER_PX = 16.0
"""Width of the border of the torso's mask at a height of 128 pixels."""

TORSO_FLOOR = 0.5
"""The torso's mask everywhere else: hair, skirts and bags go with it."""

OUTSIDE_SOURCE_PX = 2.0
"""Samples so far outside of the source do not count any more, at a height of 128 pixels."""

BORDER_HEIGHT = 128

MASK_PULL, ORDER_PULL, BODY_PULL = 4.0, 2.0, 2.0
"""How strongly masks, the usual order of the parts and the source's body speak at the start."""

ABSENT_LOGIT = -12.0
BACKDROP_LOGIT = -4.0
OWN_LOGIT = 0.0


@dataclass(frozen=True, kw_only=True)
class LayerStack:
    """Layers of a batch at one size.

    Attributes:
        colours: float ``(b, 11, 3, h, w)`` in [-1, 1].
        masks: float ``(b, 10, h, w)``, soft: target mask, part known, sample inside the source.
        bodies: float ``(b, 10, h, w)``: the source's silhouette where each part's pixel lay.
        seen: float ``(b, 10, h, w)``: 1 where no other part of the source lay over the pixel.
        prior: float ``(b, 12, h, w)``, logits of the layers before the network has its say.
        grid: float ``(b, 10, h, w, 2)``, where on the source each part's pixel lay, x and y from
            -1 to 1 between the image's edges.
        photo: float ``(b, 3, H, W)`` in [-1, 1], what the parts are sampled from.
    """

    colours: Tensor
    masks: Tensor
    bodies: Tensor
    seen: Tensor
    prior: Tensor
    grid: Tensor
    photo: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the layers."""
        return self.prior.shape[2], self.prior.shape[3]


def layer_stack(
    photo: Tensor,
    source_joints: Tensor,
    target_joints: Tensor,
    transforms: Tensor,
    status: Tensor,
    *,
    image_size: tuple[int, int],
    size: tuple[int, int] | None = None,
    background: Tensor | None = None,
) -> LayerStack:
    """Warp a photo part by part.

    Args:
        photo: float ``(b, 3, H, W)`` in [-1, 1], the source at any resolution.
        source_joints: float ``(b, 18, 2)`` in pixels of an image of ``image_size``, NaN where
            absent.
        target_joints: The same of the target.
        transforms: float ``(b, 10, 2, 3)``, target to source in pixels of such an image.
        status: uint8 ``(b, 10)``, 0 where a part has no transform.
        image_size: (height, width) that joints and transforms belong to.
        size: (height, width) of the layers, the photo's by default.
        background: float ``(b, 3, H, W)`` of any size in the place of the source's own, filled in.
    """
    size = size or (photo.shape[2], photo.shape[3])
    source_shapes, target_shapes = part_shapes(source_joints), part_shapes(target_joints)
    unit = image_size[0] / BORDER_HEIGHT
    photo_size = (photo.shape[2], photo.shape[3])
    body = ramp(
        part_depths(source_shapes, image_size, photo_size, body=True), BODY_BORDER_PX * unit
    )
    person = silhouette(body)
    grid, inside = _sampling_grid(transforms, image_size, size, OUTSIDE_SOURCE_PX * unit)
    warped = sample_parts(torch.cat([photo, person], dim=1), grid)
    seen = _sampled_each(unseen(body), grid)
    masks = _target_masks(target_shapes, image_size, size, unit)
    known = (status != 0).to(photo.dtype)[:, :, None, None]
    masks = masks * inside * known
    if background is None:
        background = _backdrop(photo, source_shapes, image_size, unit)
    backdrop = _at(background, size)
    bodies = warped[:, 3]
    return LayerStack(
        colours=torch.cat([warped[:, :3].transpose(1, 2), backdrop[:, None]], dim=1),
        masks=masks,
        bodies=bodies,
        seen=seen,
        prior=_prior(masks, bodies, seen),
        grid=grid,
        photo=photo,
    )


def without_silhouette(stack: LayerStack) -> LayerStack:
    """Return the stack as if every sample lay on the source's person, and in plain sight."""
    everywhere = torch.ones_like(stack.bodies)
    return replace(
        stack,
        bodies=everywhere,
        seen=everywhere,
        prior=_prior(stack.masks, everywhere, everywhere),
    )


def target_person(
    target_joints: Tensor, *, image_size: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    """Return where the target's person is, soft at the border: ``(b, 1, h, w)`` in [0, 1].

    Args:
        target_joints: float ``(b, 18, 2)`` in pixels of an image of ``image_size``.
        image_size: (height, width) that the joints belong to.
        size: (height, width) of the result.
    """
    unit = image_size[0] / BORDER_HEIGHT
    depths = part_depths(part_shapes(target_joints), image_size, size, body=True)
    return silhouette(ramp(depths, PERSON_BORDER_PX * unit))


def _sampling_grid(
    transforms: Tensor, image_size: tuple[int, int], size: tuple[int, int], border: float
) -> tuple[Tensor, Tensor]:
    """Return the grid ``(b, 10, h, w, 2)`` for grid_sample and how far each point is inside."""
    height, width = image_size
    x, y = pixel_centres(image_size, size, like=transforms)
    moved = []
    for row in (0, 1):
        a, b, t = (transforms[:, :, row, k, None, None] for k in range(3))
        moved.append(a * x + (b * y[:, None] + t))
    source_x, source_y = moved
    depth = torch.minimum(
        torch.minimum(source_x, width - 1 - source_x),
        torch.minimum(source_y, height - 1 - source_y),
    )
    inside = (1 + (depth + 0.5) / border).clamp_(0, 1)
    grid = torch.stack([(2 * source_x + 1) / width - 1, (2 * source_y + 1) / height - 1], dim=-1)
    return grid, inside


def _sampled_each(maps: Tensor, grid: Tensor) -> Tensor:
    """Sample map k of ``(b, k, H, W)`` at grid k of ``(b, k, h, w, 2)``: ``(b, k, h, w)``."""
    batch, layers, height, width, _ = grid.shape
    found = F.grid_sample(
        maps.reshape(batch * layers, 1, *maps.shape[2:]),
        grid.reshape(batch * layers, height, width, 2),
        padding_mode="border",
        align_corners=False,
    )
    return found.view(batch, layers, height, width)


def _target_masks(
    shapes: PartShapes, image_size: tuple[int, int], size: tuple[int, int], unit: float
) -> Tensor:
    """Return soft masks ``(b, 10, h, w)``; the torso's covers the whole image, as in the papers."""
    depths = part_depths(shapes, image_size, size)
    masks = ramp(depths, BORDER_PX * unit)
    masks[:, TORSO] = TORSO_FLOOR + (1 - TORSO_FLOOR) * ramp(
        depths[:, TORSO], TORSO_BORDER_PX * unit
    )
    return masks


def _backdrop(
    photo: Tensor, shapes: PartShapes, image_size: tuple[int, int], unit: float
) -> Tensor:
    photo_size = (photo.shape[2], photo.shape[3])
    depths = part_depths(shapes, image_size, photo_size) + MARGIN_PX * unit
    person = silhouette(ramp(depths, BORDER_PX * unit))
    return filled_in(photo, 1 - person)


def _at(maps: Tensor, size: tuple[int, int]) -> Tensor:
    if (maps.shape[2], maps.shape[3]) == size:
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _prior(masks: Tensor, bodies: Tensor, seen: Tensor) -> Tensor:
    """Let masks, order and silhouette speak: an untrained network draws a plain composite."""
    on_top = masks * unseen(masks)
    parts = MASK_PULL * (masks - 1) + ORDER_PULL * on_top + BODY_PULL * (bodies * seen - 1)
    parts = torch.where(masks > 0, parts, parts.new_full((), ABSENT_LOGIT))
    rest = [torch.full_like(parts[:, :1], logit) for logit in (BACKDROP_LOGIT, OWN_LOGIT)]
    return torch.cat([parts, *rest], dim=1)
