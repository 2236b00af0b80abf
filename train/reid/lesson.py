"""The lessons of the judge: batches of people, changed at random, and what they cost.

Convention:
    Everything is drawn from one generator on the CPU, so that equal images in equal order give an
    equal network on one machine.

Source: batch-hard triplets of Hermans et al. 2017 with the soft margin; cross-entropy with
smoothed labels; random erasing of Zhong et al. 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from train.reid.network import ReidNetwork, as_pixels


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """How the network is trained; the protocol of the judge fixes all of it.

    Args:
        steps: Steps of the optimizer.
        people: People in a batch.
        pictures: Pictures of each of them.
        seed: Of weights, batches and changes.
        rate: Highest learning rate of Muon; it rises for ``warm_steps``, then falls along a cosine.
        warm_steps: Steps of the rise.
        betas: Decays of what Adam moves, see :mod:`train.muon`.
        smoothing: Share of the labels that is spread over all people.
        sharpness: Factor before the margin of the triplets.
        shift_px: How far a picture is moved, (down, right).
        light: How much contrast and brightness change.
        erased: Share of the pictures that lose a piece of ``hole_px``.
        hole_px: (height, width) of the piece.
    """

    steps: int = 2200
    people: int = 8
    pictures: int = 4
    seed: int = 0
    rate: float = 1e-3
    warm_steps: int = 50
    betas: tuple[float, float] = (0.9, 0.999)
    smoothing: float = 0.1
    sharpness: float = 5.0
    shift_px: tuple[int, int] = (6, 4)
    light: tuple[float, float] = (0.05, 0.03)
    erased: float = 0.4
    hole_px: tuple[int, int] = (28, 20)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        rise = min(1.0, (step + 1) / self.warm_steps)
        return self.rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps)) + 1e-5


LESSON: Final = Lesson()
"""The one by which judges are made."""


def batch_rows(identities: Tensor, lesson: Lesson, generator: torch.Generator) -> Tensor:
    """Draw people, and pictures of each with replacement.

    Args:
        identities: int64 (n,), person 0, 1, … of every picture.
        lesson: How many.
        generator: Of the batches.

    Returns:
        int64 (people * pictures,), rows of the pictures, person after person.
    """
    chosen = torch.randperm(int(identities.max()) + 1, generator=generator)[: lesson.people]
    rows = []
    for person in chosen:
        theirs = torch.nonzero(identities == person)[:, 0]
        rows.append(theirs[torch.randint(len(theirs), (lesson.pictures,), generator=generator)])
    return torch.cat(rows)


def changed(images: Tensor, lesson: Lesson, generator: torch.Generator) -> Tensor:
    """Move, mirror, light and erase pictures at random.

    Args:
        images: uint8 (n, height, width, 3).
        lesson: How much.
        generator: Of the changes.

    Returns:
        float (n, 3, 128, 64), around [-1, 1].
    """
    pixels = as_pixels(images)
    count, _, height, width = pixels.shape
    down, right = lesson.shift_px
    padded = F.pad(pixels, (right, right, down, down), mode="replicate")

    def uniform() -> Tensor:
        return torch.rand(count, generator=generator)

    tops = torch.randint(2 * down + 1, (count,), generator=generator).tolist()
    lefts = torch.randint(2 * right + 1, (count,), generator=generator).tolist()
    moved = torch.stack(
        [
            picture[:, top : top + height, left : left + width]
            for picture, top, left in zip(padded, tops, lefts, strict=True)
        ]
    )
    mirrored = uniform() < 0.5
    moved[mirrored] = moved[mirrored].flip(3)
    contrast, brightness = ((2 * uniform() - 1) * each for each in lesson.light)
    lit = moved * (1 + contrast)[:, None, None, None] + brightness[:, None, None, None]
    erased = (uniform() < lesson.erased).tolist()
    tall, wide = lesson.hole_px
    tops = torch.randint(height - tall + 1, (count,), generator=generator).tolist()
    lefts = torch.randint(width - wide + 1, (count,), generator=generator).tolist()
    for row in range(count):
        if erased[row]:
            lit[row, :, tops[row] : tops[row] + tall, lefts[row] : lefts[row] + wide] = 0
    return lit


def cost(network: ReidNetwork, pixels: Tensor, identities: Tensor, lesson: Lesson) -> Tensor:
    """Cross-entropy of the classes and batch-hard triplets of the embeddings.

    Args:
        network: The network, in training mode.
        pixels: float (n, 3, 128, 64).
        identities: int64 (n,).
        lesson: Smoothing and sharpness.

    Returns:
        The loss, a scalar.
    """
    embedded = network(pixels)
    entropy = F.cross_entropy(
        network.classes(embedded), identities, label_smoothing=lesson.smoothing
    )
    return entropy + triplets(F.normalize(embedded), identities, lesson.sharpness)


def triplets(embedded: Tensor, identities: Tensor, sharpness: float) -> Tensor:
    """The soft margin between each picture's farthest like and nearest unlike, mean over pictures.

    Args:
        embedded: float (n, d) of length 1.
        identities: int64 (n,).
        sharpness: Factor before the margin.
    """
    distances = (2 - 2 * embedded @ embedded.T).clamp(min=1e-6).sqrt()
    same = identities[:, None] == identities
    farthest = (distances * same).amax(1)
    nearest = distances.masked_fill(same, torch.inf).amin(1)
    return F.softplus((farthest - nearest) * sharpness).mean()
