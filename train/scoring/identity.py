"""Identity: does the judge find the person of a generated picture among the real test images?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_manifest.remote.folder import opened
from data_manifest.settings import CacheSettings
from train.metrics.judged import REID
from train.reid.judges import AnyJudge, open_judge
from train.scoring.gallery import Gallery, label_of_image, open_gallery, require_fit
from train.scoring.measure import SUBJECTS, Measurements
from train.scoring.pairing import Pair
from train.scoring.plan import Plan
from train.scoring.settings import EvalSettings


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A judge that was found fit, and the gallery before it.

    Args:
        path: The judge's file.
        judge: The judge.
        gallery: All real test images.
        figures: What it makes of real images and of the mean image.
    """

    path: Path
    judge: AnyJudge
    gallery: Gallery
    figures: dict[str, float]

    @property
    def networks(self) -> dict[str, Any]:
        """The judge by the need that it serves."""
        return {REID: self.judge}

    @property
    def report(self) -> dict[str, Any]:
        """The entry of ``metrics.json``."""
        return {
            "sha256": self.judge.sha256,
            "trained_on": self.judge.origin,
            "gallery": self.gallery.origin,
            **self.figures,
        }


def open_bench(
    settings: EvalSettings, pairs: Sequence[Pair], cache: CacheSettings | None = None
) -> Bench | None:
    """Open the judge that the settings name and examine it; None where they name none.

    Raises:
        UsageError: The judge is not fit, or names do not tell identities.
        DamagedError: The file is no judge.
    """
    if settings.reid is None:
        return None
    judge = open_judge(settings.reid, device=settings.device, pixels=settings.reid_pixels)
    place = None if settings.gallery is None else opened(settings.gallery, cache)
    gallery = open_gallery(place, pairs, judge)
    figures = require_fit(gallery, settings.reid)
    return Bench(path=settings.reid, judge=judge, gallery=gallery, figures=figures)


def put_rankings(
    found: Measurements, plan: Plan, bench: Bench | None, pairs: Sequence[Pair]
) -> None:
    """Add the scores of answers in the gallery to what was measured.

    Every subject asks in the name of the target: Market's rule leaves out the target's person seen
    by the target's camera, and the source is no answer either, for nobody is to find the picture
    that was copied.
    """
    scores = [score for score in plan.scores if score.of_gallery]
    if bench is None or not scores:
        return
    labels = np.array([label_of_image(pair.target) for pair in pairs], np.int64)
    sources = [pair.source for pair in pairs]
    for subject in SUBJECTS:
        features = found.features_of(subject, scores[0].key)
        if features is None:
            continue
        ranking = bench.gallery.answers(features, labels, sources)
        for score in scores:
            found.put(subject, score.key, 0, score.function("of_gallery")(ranking))
