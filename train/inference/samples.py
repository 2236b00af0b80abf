"""Pairs as the networks' batches want them, from pictures and poses that are in no shard."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shared.geometry import Floats
from shared.pair_geometry import PairGeometry, pair_geometry
from train.data.store import Samples


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


def tensor_of(array: NDArray[Any]) -> torch.Tensor:
    """See an array as a tensor; one that torch cannot take as it is, is copied."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
