"""Masks of a pose: the body's silhouette as limbs and joints, equal to scikit-image's drawing.

Convention:
    Joints are floating-point tensors (n, 18, 2), (x, y) in pixels of the image, NaN where absent.
    Masks are bool (n, height, width) on the joints' device. A limb is drawn only where both of
    its joints are present and differ, a disc at every present joint.

How it works: a convex shape covers one run of pixels in each row. The ends of all runs are
computed at once, with the very floating-point expressions by which scikit-image decides pixels
that lie on an edge; +1 and −1 at the ends and a running sum then paint all images together.

Source: the mask of Def-GAN's published evaluation, drawn as ``skimage.draw.polygon`` (the
crossing-number test of O'Rourke, "Computational Geometry in C", ch. 7) and ``skimage.draw.disk``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from shared.errors import UsageError, problem
from shared.skeleton import NUM_JOINTS
from train.metrics.compared import Compared
from train.metrics.ssim import check_images, ssim, ssim_by_place

MASK_LIMBS: Final = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9),
    (9, 10), (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15),
    (15, 17), (1, 16), (1, 17), (8, 11), (11, 5), (8, 2), (16, 17),
)  # fmt: skip
"""The joints (0-based) between which the evaluation's mask draws a limb."""

RADIUS_PX: Final = 4
"""Half the width of a limb and the radius of a joint's disc."""

CLOSING_REACH_PX: Final = 2
"""Reach of the closing's square: 2 on each side makes 5 × 5."""

IMAGES_AT_ONCE: Final = 512


class _Runs(NamedTuple):
    """Runs of pixels: from column ``first`` to ``last``, both included, empty where reversed."""

    image: Tensor
    row: Tensor
    first: Tensor
    last: Tensor


def pose_masks(joints: Tensor, size: tuple[int, int]) -> Tensor:
    """Draw the evaluation's mask of each pose.

    Args:
        joints: float (n, 18, 2), (x, y), NaN where absent.
        size: (height, width) of the image in pixels.

    Returns:
        bool (n, height, width).

    Raises:
        UsageError: The joints have another shape.
    """
    if joints.ndim != 3 or joints.shape[1:] != (NUM_JOINTS, 2):
        raise UsageError(
            problem("joints", f"shape (n, {NUM_JOINTS}, 2)", tuple(joints.shape), "reshape them")
        )
    masks = torch.empty(len(joints), *size, dtype=torch.bool, device=joints.device)
    for first in range(0, len(joints), IMAGES_AT_ONCE):
        chunk = slice(first, first + IMAGES_AT_ONCE)
        masks[chunk] = _closed(_drawn(joints[chunk].double(), size))
    return masks


def mask_ssim(generated: Tensor, real: Tensor, masks: Tensor, protocol: str = "pose-gan") -> Tensor:
    """Compute the SSIM of images that are black wherever the mask is False.

    Args:
        generated: uint8 (n, height, width, 3).
        real: The same shape.
        masks: bool (n, height, width), see :func:`pose_masks`.
        protocol: Name of the SSIM protocol.

    Returns:
        float64 (n,).

    Raises:
        UsageError: Shapes differ, or the protocol is unknown or does not fit.
    """
    check_images(generated, real)
    return ssim(masked(generated, masks), masked(real, masks), protocol)


def mask_ssim_of_pairs(compared: Compared, protocol: str) -> Tensor:
    """Return mask-SSIM as the table of scores asks for it."""
    assert compared.masks is not None  # no plan asks for it without target poses
    return mask_ssim(compared.images, compared.real, compared.masks, protocol)


def ssim_inside_of_pairs(compared: Compared, protocol: str) -> Tensor:
    """Return SSIM inside of the masks as the table of scores asks for it."""
    return _by_place(compared, protocol)[0]


def ssim_outside_of_pairs(compared: Compared, protocol: str) -> Tensor:
    """Return SSIM outside of the masks as the table of scores asks for it."""
    return _by_place(compared, protocol)[1]


def masked(images: Tensor, masks: Tensor) -> Tensor:
    """Black out the pixels of uint8 (n, height, width, 3) where bool (n, height, width) is False.

    Raises:
        UsageError: The masks have another size than the images.
    """
    if images.shape[:3] != masks.shape:
        raise UsageError(
            problem(
                "masks", f"shape {tuple(images.shape[:3])}", tuple(masks.shape), "draw them anew"
            )
        )
    return images * masks[..., None]


def _by_place(compared: Compared, protocol: str) -> tuple[Tensor, Tensor]:
    masks = compared.masks
    assert masks is not None  # no plan asks for it without target poses
    images, real = compared.images, compared.real
    return compared.once(
        f"ssim by place {protocol}", lambda: ssim_by_place(images, real, masks, protocol)
    )


def _drawn(joints: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    painted = torch.zeros(
        len(joints) * height * (width + 1), dtype=torch.int32, device=joints.device
    )
    for runs in (_limb_runs(joints, height), _disc_runs(joints)):
        first, last = runs.first.clamp(min=0), runs.last.clamp(max=width - 1)
        seen = (first <= last) & (runs.row >= 0) & (runs.row < height)
        start = ((runs.image * height + runs.row) * (width + 1))[seen]
        step = torch.ones_like(start, dtype=torch.int32)
        painted.scatter_add_(0, start + first[seen].long(), step)
        painted.scatter_add_(0, start + last[seen].long() + 1, -step)
    rows = painted.view(len(joints), height, width + 1)
    return rows.cumsum(2, dtype=torch.int32)[..., :width] > 0


def _limb_runs(joints: Tensor, height: int) -> _Runs:
    """Return the runs of all limbs, one for each row that a limb's rectangle touches."""
    corners, image = _limb_corners(joints)
    rows = corners[..., 1]
    top = rows.amin(1).ceil().clamp(min=0)
    bottom = rows.amax(1).floor().clamp(max=height - 1)
    counts = (bottom - top + 1).clamp(min=0).long()
    limb = torch.repeat_interleave(counts)
    row = torch.arange(len(limb), device=joints.device) - (counts.cumsum(0) - counts)[limb]
    row = row + top[limb].long()
    first, last = _row_ends(corners[limb], row.double())
    return _Runs(image[limb], row, first, last)


def _limb_corners(joints: Tensor) -> tuple[Tensor, Tensor]:
    """Return the corners (k, 4, 2) of the limbs that are there, and the image (k,) of each."""
    pairs = torch.tensor(MASK_LIMBS, device=joints.device)
    start, end = joints[:, pairs[:, 0]], joints[:, pairs[:, 1]]
    along = start - end
    there = torch.isfinite(along).all(-1) & (along != 0).any(-1)
    image, limb = torch.nonzero(there, as_tuple=True)
    start, end, along = start[image, limb], end[image, limb], along[image, limb]
    length = (along[:, :1] * along[:, :1] + along[:, 1:] * along[:, 1:]).sqrt()
    normal = RADIUS_PX * torch.stack((along[:, 1], -along[:, 0]), -1) / length
    return torch.stack((start + normal, start - normal, end - normal, end + normal), 1), image


def _row_ends(corners: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
    """Find the first and last column that a rectangle covers in a row, edges included."""
    x, y = corners[..., 0], corners[..., 1] - row[:, None]
    previous_x, previous_y = x.roll(1, 1), y.roll(1, 1)
    touches = (torch.minimum(y, previous_y) <= 0) & (torch.maximum(y, previous_y) >= 0)
    touches &= y != previous_y
    rise = torch.where(touches, previous_y - y, 1.0)

    def side(column: Tensor | float) -> Tensor:
        """Distance of the crossing from a column: its sign says on which side of the edge."""
        return ((x - column) * previous_y - (previous_x - column) * y) / rise

    # Only the pixel nearest to a crossing can be in doubt; the exact expression decides it.
    nearest = torch.round(side(0.0))
    distance = side(nearest)
    first = torch.where(distance <= 0, nearest, nearest + 1)
    last = torch.where(distance >= 0, nearest, nearest - 1)
    return (
        torch.where(touches, first, torch.inf).amin(1),
        torch.where(touches, last, -torch.inf).amax(1),
    )


def _disc_runs(joints: Tensor) -> _Runs:
    """Return the runs of the discs at the present joints."""
    image, joint = torch.nonzero(torch.isfinite(joints).all(-1), as_tuple=True)
    x, y = joints[image, joint].unsqueeze(-1).unbind(1)
    offsets = torch.arange(2 * RADIUS_PX + 1, device=joints.device)
    row = (y - RADIUS_PX).ceil() + offsets
    up = ((row - y) / RADIUS_PX) ** 2
    reach = RADIUS_PX * (1 - up).clamp(min=0).sqrt()

    def outside(column: Tensor) -> Tensor:
        return up + ((column - x) / RADIUS_PX) ** 2 >= 1

    left, right = torch.round(x - reach), torch.round(x + reach)
    left, right = left + outside(left), right - outside(right).double()
    image = image[:, None].expand_as(row)
    return _Runs(image.flatten(), row.long().flatten(), left.flatten(), right.flatten())


def _closed(masks: Tensor) -> Tensor:
    """Dilate, then erode with the closing's square; pixels outside of the image do not count."""
    return ~_grown(~_grown(masks))


def _grown(masks: Tensor) -> Tensor:
    for axis in (1, 2):
        length = masks.shape[axis]
        grown = masks.clone()
        for shift in range(1, min(CLOSING_REACH_PX, length - 1) + 1):
            grown.narrow(axis, shift, length - shift).logical_or_(
                masks.narrow(axis, 0, length - shift)
            )
            grown.narrow(axis, 0, length - shift).logical_or_(
                masks.narrow(axis, shift, length - shift)
            )
        masks = grown
    return masks
