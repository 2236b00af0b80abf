"""Batches of drawn crops in the form in which ultralytics' trainer takes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from preprocess.demo.pose_crops import LabelledCrops
from shared.skeleton import COCO_MIRROR


class CropLoader:
    """Batches of crops in the form that ultralytics' trainer expects of a data loader.

    Args:
        crops: All crops, in memory.
        batch: Crops a batch; the last, smaller one of an epoch is left out.
        seed: With ``epoch`` it decides the order alone, so that training can resume.
    """

    def __init__(self, crops: LabelledCrops, batch: int, seed: int) -> None:
        self.dataset = crops
        self.batch_size = batch
        self.num_workers = 0
        self.drop_last = True
        self.sampler = range(len(crops) // batch * batch)
        self.epoch = 0
        self._seed = seed

    def __len__(self) -> int:
        return len(self.sampler) // self.batch_size

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        rng = np.random.default_rng((self._seed, self.epoch))
        order = rng.permutation(len(self.dataset))
        for number in range(len(self)):
            rows = order[number * self.batch_size : (number + 1) * self.batch_size]
            crops = self.dataset.take(rows)
            yield labels_of(crops, mirrored=rng.random(len(rows)) < 0.5)

    def reset(self) -> None:
        """Do nothing: there are no worker processes to start anew."""


def labels_of(crops: LabelledCrops, mirrored: NDArray[np.bool_]) -> dict[str, Tensor]:
    """Convert crops and their labels to ultralytics' form.

    Args:
        crops: b crops, p of them with a person.
        mirrored: bool (b,), which of them to mirror.

    Returns:
        ``img`` uint8 (b, H, W, 3); ``batch_idx`` (p,), ``cls`` (p, 1), ``bboxes`` (p, 4) as centre
        and sides and ``keypoints`` (p, 17, 3), all in shares of the picture. A joint that is
        not to be reported has visibility 0, so that its confidence learns to say so.
    """
    height, width = crops.images.shape[1:3]
    images, points, boxes = crops.images.copy(), crops.points.copy(), crops.boxes
    sought = crops.sought
    images[mirrored] = images[mirrored, :, ::-1]
    points[mirrored] = points[mirrored][:, COCO_MIRROR]
    points[mirrored, :, 0] = width - 1 - points[mirrored, :, 0]
    sought[mirrored] = sought[mirrored][:, COCO_MIRROR]
    boxes[mirrored, 0::2] = width - 1 - boxes[mirrored, 2::-2]
    rows = np.flatnonzero(crops.is_person)
    sides = np.array([width, height], np.float32)
    low, high = (boxes[rows, :2] + 0.5) / sides, (boxes[rows, 2:] + 0.5) / sides
    points = (points[rows] + 0.5) / sides
    keypoints = np.concatenate((points, 2.0 * sought[rows, :, None]), axis=-1)
    return {
        "img": torch.from_numpy(images),
        "batch_idx": torch.from_numpy(rows.astype(np.float32)),
        "cls": torch.zeros(len(rows), 1),
        "bboxes": torch.from_numpy(np.concatenate(((low + high) / 2, high - low), axis=1)),
        "keypoints": torch.from_numpy(keypoints.astype(np.float32)),
    }


def relit(images: Tensor) -> Tensor:
    """Change the light of pictures at random: brightness, contrast and tint of each.

    Args:
        images: uint8 (b, H, W, 3).

    Returns:
        The same form.
    """
    shape, device = (len(images), 1, 1, 1), images.device
    gain = torch.empty(shape, device=device).uniform_(0.7, 1.3)
    tint = torch.empty((len(images), 1, 1, 3), device=device).uniform_(0.9, 1.1)
    shift = torch.empty(shape, device=device).uniform_(-25, 25)
    return (images * (gain * tint) + shift).clamp_(0, 255).to(torch.uint8)
