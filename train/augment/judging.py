"""How far a generated image is from its person: asked of the judge of identity.

Convention:
    The distance is 1 less the mean cosine between what the judge sees in the generated image and
    in the real train images of the same person, the source left out where there is another one:
    a copy of the source is no proof. All are looked at as they stand in the shards, before JPEG.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from train.augment.settings import AugmentSettings
from train.reid.judges import AnyJudge, open_judge
from train.scoring.gallery import open_gallery, require_fit


def open_fit_judge(settings: AugmentSettings) -> AnyJudge | None:
    """Open the judge that the settings name and examine it as ``eval-gan`` does.

    Returns:
        The judge; None where none is named.

    Raises:
        UsageError: The judge is not fit, or there are no real test images to examine it on.
        DamagedError: The file is no judge.
    """
    if settings.reid is None:
        for flag, is_given in (("--keep", settings.keep < 1), ("--gallery", settings.gallery)):
            if is_given:
                expected, remedy = "a judge, --reid FILE, beside it", "make one with train-reid"
                raise UsageError(problem(flag, expected, "none", remedy))
        return None
    judge = open_judge(settings.reid, device=settings.device, pixels=settings.reid_pixels)
    require_fit(open_gallery(settings.gallery or settings.shards, (), judge), settings.reid)
    return judge


class Distances:
    """Distances from the people of one shard.

    Args:
        judge: The judge.
        images: uint8 (n, H, W, 3), real images.
        identities: Integers (n,), whom they show.
    """

    def __init__(
        self, judge: AnyJudge, images: NDArray[np.uint8], identities: NDArray[np.int64]
    ) -> None:
        self._judge = judge
        self._seen = judge(torch.from_numpy(images)).astype(np.float64)
        _, self._person, self._count = np.unique(
            identities, return_inverse=True, return_counts=True
        )
        self._sums = np.zeros((len(self._count), self._seen.shape[1]))
        np.add.at(self._sums, self._person, self._seen)

    def of(self, drawn: NDArray[np.uint8], sources: NDArray[np.int64]) -> NDArray[np.float64]:
        """Measure generated images.

        Args:
            drawn: uint8 (b, H, W, 3).
            sources: Integers (b,), the real image that each was made of.

        Returns:
            float64 (b,), in [0, 2].
        """
        seen = self._judge(torch.from_numpy(drawn)).astype(np.float64)
        person, own = self._person[sources], self._seen[sources]
        others = self._count[person] - 1
        alone = (others == 0)[:, None]
        mean = np.where(alone, own, (self._sums[person] - own) / np.maximum(others, 1)[:, None])
        found: NDArray[np.float64] = 1 - (seen * mean).sum(axis=1)
        return found
