"""Pairs as the networks' batches want them, from pictures and poses that are in no shard."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shared.geometry import Floats
from shared.pair_geometry import PairGeometry, pair_geometry
from train.data.store import Samples
from train.inference.checks import check_images, check_joints


def samples_of(
    images: NDArray[np.uint8],
    source_joints: Floats,
    target_joints: Floats,
    *,
    geometry: PairGeometry | None = None,
    target_images: NDArray[np.uint8] | None = None,
) -> Samples:
    """Gather pairs; transforms and quads are computed where they are not at hand.

    Args:
        images: uint8 (b, H, W, 3), the sources.
        source_joints: float (b, 18, 2), pixels, NaN where absent.
        target_joints: The same of the targets.
        geometry: Transforms and quads of the pairs.
        target_images: The targets, for scores alone; a new pose has none.
    """
    if geometry is None:
        geometry = pair_geometry(source_joints, target_joints, (images.shape[1], images.shape[2]))
    if target_images is None:
        # Nobody knows how the person would look; the generator does not ask.
        target_images = np.empty((len(images), 0, 0, 3), np.uint8)
    columns: dict[str, NDArray[Any]] = {
        "source_images": images,
        "target_images": target_images,
        "source_joints": source_joints.astype(np.float32),
        "target_joints": target_joints.astype(np.float32),
        "target_quads": geometry.target_quads,
        "transforms": geometry.transforms,
        "status": geometry.status,
    }
    return Samples(**{name: tensor_of(value) for name, value in columns.items()})


def checked_samples(
    images: NDArray[np.uint8],
    source_joints: Floats,
    target_joints: Floats,
    image_size: tuple[int, int],
    *,
    geometry: PairGeometry | None = None,
) -> Samples:
    """Gather pairs of somebody else's making.

    Args:
        images: uint8 (b, H, W, 3) of the network's size.
        source_joints: As in :func:`samples_of`.
        target_joints: Likewise.
        image_size: (height, width) of the network's images.
        geometry: Likewise.

    Raises:
        UsageError: Arrays of another type, shape or size, or poses that cannot be drawn.
    """
    images = np.asarray(images)
    source_joints, target_joints = np.asarray(source_joints), np.asarray(target_joints)
    check_images(images, image_size)
    check_joints("source_joints", source_joints, len(images))
    check_joints("target_joints", target_joints, len(images))
    return samples_of(images, source_joints, target_joints, geometry=geometry)


def tensor_of(array: NDArray[Any]) -> torch.Tensor:
    """See an array as a tensor; one that torch cannot take as it is, is copied."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
