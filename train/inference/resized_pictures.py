"""A picture at the size that a network sees."""

from __future__ import annotations

import numpy as np
import torch

from train.data.batch import scaled, unscaled
from train.inference.crops import Picture
from train.nets.resizing import resized


def resized_picture(picture: Picture, size: tuple[int, int]) -> Picture:
    """Resize uint8 (H, W, 3) to (height, width), as the painter shows it to its network."""
    seen = scaled(torch.from_numpy(np.ascontiguousarray(picture))[None])
    made: Picture = unscaled(resized(seen, size))[0].numpy()
    return made
