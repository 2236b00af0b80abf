"""Drawing at a photo's own size with a network of layers that works at another.

The network selects layers at its own size. The layers themselves, their masks and with these the
selection's edges are computed anew at the photo's size, so that the person comes out as sharp as
the photo is. Only the network's own colour stays as coarse as the network.

Source: ours.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from train.nets.layer_stack import layer_stack, target_person
from train.nets.layers import LayerNetwork, Selection, composed, pasted
from train.nets.posemaps import pose_maps


def draw_at(
    network: LayerNetwork,
    photo: Tensor,
    *,
    source_joints: Tensor,
    target_joints: Tensor,
    transforms: Tensor,
    status: Tensor,
    image_size: tuple[int, int],
    sigma: float,
    size: tuple[int, int] | None = None,
    paste: bool = False,
) -> Tensor:
    """Draw the photos' people in their target poses.

    Args:
        network: Trained at ``image_size``.
        photo: float ``(b, 3, H, W)`` in [-1, 1], the sources at any resolution.
        source_joints: float ``(b, 18, 2)`` in pixels of an image of ``image_size``, NaN where
            absent.
        target_joints: The same of the targets.
        transforms: float ``(b, 10, 2, 3)``, target to source in pixels of such an image.
        status: uint8 ``(b, 10)``, 0 where a part has no transform.
        image_size: (height, width) that the network works at.
        sigma: Deviation of the heat maps in pixels at a height of 128.
        size: (height, width) of the result, the photo's by default.
        paste: Whether to put the source's background behind the person.

    Returns:
        ``(b, 3, h, w)`` in [-1, 1].
    """
    size = size or (photo.shape[2], photo.shape[3])
    pair = (source_joints, target_joints, transforms, status)
    small = resized(photo, image_size)
    stack = layer_stack(small, *pair, image_size=image_size)
    selection = network(stack, small, pose_maps(target_joints, image_size, sigma))
    if size != image_size or small is not photo:
        stack = layer_stack(photo, *pair, image_size=image_size, size=size)
        selection = enlarged(selection, size)
    if not paste:
        return composed(stack, selection)
    return pasted(stack, selection, target_person(target_joints, image_size=image_size, size=size))


def enlarged(selection: Selection, size: tuple[int, int]) -> Selection:
    """Bring a selection to another size; edges of the layers come with the stack's own prior."""

    def at(maps: Tensor) -> Tensor:
        return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)

    return Selection(logits=at(selection.logits), colour=at(selection.colour))


def resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize images ``(b, 3, H, W)``, averaging where they become smaller."""
    if (images.shape[2], images.shape[3]) == size:
        return images
    return F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)
