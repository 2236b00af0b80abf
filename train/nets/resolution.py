"""Drawing at a photo's own size with a network of layers that works at another.

The network selects layers at its own size. The layers themselves, their masks and with these the
selection's edges are computed anew at the photo's size, so that the person comes out as sharp as
the photo is. Only the network's own colour stays as coarse as the network.

Source: ours.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from train.nets.background import background_of
from train.nets.layer_stack import layer_stack, target_person
from train.nets.layers import LayerNetwork, Selection, composed, pasted
from train.nets.part_flow import enlarged_flow
from train.nets.resizing import resized


def draw_at(
    network: LayerNetwork,
    photo: Tensor,
    *,
    source_joints: Tensor,
    target_joints: Tensor,
    target_pose: Tensor,
    transforms: Tensor,
    status: Tensor,
    size: tuple[int, int] | None = None,
    background: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw the photos' people in their target poses.

    Layers are warped and joined in float32, whatever the network computes in.

    Args:
        network: Trained at the size of ``target_pose``, its image size.
        photo: float ``(b, 3, H, W)`` in [-1, 1], the sources at any resolution.
        source_joints: float ``(b, 18, 2)`` in pixels of an image of that size, NaN where absent.
        target_joints: The same of the targets.
        target_pose: Heat maps of the targets ``(b, 18, h, w)``.
        transforms: float ``(b, 10, 2, 3)``, target to source in pixels of such an image.
        status: uint8 ``(b, 10)``, 0 where a part has no transform.
        size: (height, width) of the result, the photo's by default.
        background: float ``(b, 3, ., .)`` of any size, the layer of the background with background
            conditioning; None for the source's.

    Returns:
        The pictures ``(b, 3, h, w)`` in [-1, 1], and the same pasted: with the source's
        background, filled in, behind the person.
    """
    image_size = target_pose.shape[2], target_pose.shape[3]
    size = size or (photo.shape[2], photo.shape[3])
    pair = (source_joints, target_joints, transforms, status)
    small = resized(photo, image_size)
    with torch.autocast(photo.device.type, enabled=False):
        behind = None if background is None else resized(background, image_size)
        stack = layer_stack(small, *pair, image_size=image_size, background=behind)
    selection = network(stack, small, target_pose)
    if size != image_size or small is not photo:
        with torch.autocast(photo.device.type, enabled=False):
            stack = layer_stack(
                photo, *pair, image_size=image_size, size=size, background=background
            )
            selection = enlarged(selection, size)
    person = target_person(target_joints, image_size=image_size, size=size)
    own = resized(background_of(photo, source_joints, image_size), size)
    return composed(stack, selection), pasted(stack, selection, person, own)


def enlarged(selection: Selection, size: tuple[int, int]) -> Selection:
    """Bring a selection to another size; edges of the layers come with the stack's own prior."""

    def at(maps: Tensor) -> Tensor:
        return F.interpolate(maps.float(), size=size, mode="bilinear", align_corners=False)

    logits, colour = at(selection.logits), at(selection.colour)
    flow = None if selection.flow is None else enlarged_flow(selection.flow, size)
    return Selection(logits=logits, colour=colour, gain=selection.gain, flow=flow)
