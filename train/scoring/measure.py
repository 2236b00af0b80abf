"""Measuring pairs: every score of every subject, chunk by chunk.

Convention:
    A subject is what is compared with the real images: the generated ones, and as controls the
    real images themselves, the sources copied, the mean real image and a black image. The same
    pairs drawn otherwise (:mod:`train.scoring.rows`) are subjects, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.input_file import read_input
from train.metrics.compared import Compared
from train.metrics.deep import NETWORKS
from train.metrics.masks import masked, pose_masks
from train.metrics.protocols import Score
from train.metrics.weights import find_weights
from train.scoring.plan import Plan
from train.scoring.reading import Chunk, Images
from train.scoring.rows import ROWS

CONTROLS: Final = ("real", "source", "mean", "black")
SUBJECTS: Final = ("generated", *ROWS, *CONTROLS)
CONSTANT_SUBJECTS: Final = ("mean", "black")

Floats = NDArray[np.float64]


class Networks:
    """The networks that a plan needs, loaded once, and name and SHA-256 of what was loaded.

    Args:
        plan: The plan.
        weights_dir: Folder of weight files.
        device: Where they run.
        further: Networks that are loaded already, by the need that they serve.

    Raises:
        UsageError: A weight file is missing.
        DamagedError: A weight file does not hold its network.
    """

    def __init__(
        self,
        plan: Plan,
        weights_dir: Path | None,
        device: torch.device,
        further: Mapping[str, Any] | None = None,
    ) -> None:
        paths = {key: find_weights(weights_dir, key) for key in NETWORKS if plan.needs(key)}
        self.hashes: dict[str, tuple[str, str]] = {}
        self.loaded: dict[str, Any] = dict(further or {})
        for key, path in paths.items():
            file = read_input(path)
            self.loaded[key] = NETWORKS[key](file, device)
            self.hashes[key] = (path.name, file.sha256)


def set_features(
    scores: Iterable[Score], images: Tensor, networks: Networks
) -> dict[str, NDArray[np.float32]]:
    """Return what scores of whole sets need of uint8 (n, height, width, 3), by key."""
    seen = Compared(images=images, real=images, networks=networks.loaded)
    return {score.key: score.function("features")(seen) for score in scores if score.features}


class Measurements:
    """What was measured so far: numbers of each pair and features of whole sets, by subject."""

    def __init__(self, num_pairs: int) -> None:
        self._num_pairs = num_pairs
        self.values: dict[str, dict[str, Floats]] = {}
        self.sums: dict[str, dict[str, tuple[Floats, Floats]]] = {}
        self._features: dict[str, dict[str, list[NDArray[np.float32]]]] = {}

    def put(self, subject: str, key: str, first: int, values: Floats) -> None:
        """Keep the numbers (n,) of neighbouring pairs."""
        column = self.values.setdefault(subject, {})
        if key not in column:
            column[key] = np.full(self._num_pairs, np.nan)
        column[key][first : first + len(values)] = values

    def put_sums(self, subject: str, key: str, first: int, sums: tuple[Floats, Floats]) -> None:
        """Keep what a ratio of sums is made of, and the quotient of each pair."""
        blank = np.full(self._num_pairs, np.nan)
        columns = self.sums.setdefault(subject, {}).setdefault(key, (blank, blank.copy()))
        for column, part in zip(columns, sums, strict=True):
            column[first : first + len(part)] = part
        with np.errstate(invalid="ignore", divide="ignore"):
            self.put(subject, key, first, sums[0] / sums[1])

    def put_features(self, subject: str, features: dict[str, NDArray[np.float32]]) -> None:
        """Keep the features of further images."""
        for key, array in features.items():
            self._features.setdefault(subject, {}).setdefault(key, []).append(array)

    def features_of(self, subject: str, key: str) -> NDArray[np.float32] | None:
        """Return all features of a subject; None where there are none."""
        parts = self._features.get(subject, {}).get(key)
        return np.concatenate(parts) if parts else None


class Measurer:
    """Measures chunks of pairs.

    Args:
        plan: The scores to give.
        networks: The networks for them.
        device: Where SSIM and masks are computed.
        mean: The mean real image, uint8 (height, width, 3).
        joints: Target poses of all pairs, float64 (n, 18, 2); None where unknown.
        known: Pairs whose target pose is known, bool (n,).
    """

    def __init__(
        self,
        plan: Plan,
        networks: Networks,
        device: torch.device,
        *,
        mean: Images,
        joints: Floats | None,
        known: NDArray[np.bool_],
    ) -> None:
        self._plan, self._networks, self.device = plan, networks, device
        self._constant = {"mean": mean, "black": np.zeros_like(mean)}
        self._joints, self._known = joints, known
        self._sets = [score for score in plan.scores if score.features and not score.masked]
        self._masked_sets = [score for score in plan.scores if score.features and score.masked]
        self._protocols = {
            metric: tuple(score.protocol for score in plan.scores if score.metric == metric)
            for metric in {score.metric for score in plan.scores}
        }
        self.found = Measurements(len(known))

    def add(self, chunk: Chunk) -> None:
        """Measure one chunk for all subjects."""
        real = torch.from_numpy(chunk.real).to(self.device)
        rows = slice(chunk.first, chunk.first + len(real))
        masks = None
        if self._joints is not None:
            joints = torch.from_numpy(self._joints[rows]).to(self.device)
            masks = pose_masks(joints, (real.shape[1], real.shape[2]))
        for subject, images in self._subjects(chunk, real):
            self._add_pair_scores(subject, images, real, masks, rows)
            self._add_features(subject, images, masks, rows)

    def _subjects(self, chunk: Chunk, real: Tensor) -> Iterator[tuple[str, Tensor]]:
        yield "generated", torch.from_numpy(chunk.generated).to(self.device)
        for row, images in chunk.rows.items():
            yield row, torch.from_numpy(images).to(self.device)
        yield "real", real
        if chunk.original is not None:
            yield "source", torch.from_numpy(chunk.original).to(self.device)
        for subject, image in self._constant.items():
            yield subject, torch.from_numpy(image).to(self.device).expand_as(real)

    def _add_pair_scores(
        self, subject: str, images: Tensor, real: Tensor, masks: Tensor | None, rows: slice
    ) -> None:
        compared = Compared(
            images=images,
            real=real,
            masks=masks,
            networks=self._networks.loaded,
            protocols=self._protocols,
        )
        for score in self._plan.scores:
            known = self._known[rows] if "keypoints" in score.needs else True
            if score.of_pairs:
                numbers = score.function("of_pairs")(compared, score.protocol).cpu().numpy()
                numbers = np.where(known, numbers, np.nan)
                self.found.put(subject, score.key, rows.start, numbers)
            elif score.of_ratios:
                both = score.function("of_ratios")(compared, score.protocol)
                over, under = (np.where(known, each.cpu().numpy(), np.nan) for each in both)
                self.found.put_sums(subject, score.key, rows.start, (over, under))

    def _add_features(
        self, subject: str, images: Tensor, masks: Tensor | None, rows: slice
    ) -> None:
        if subject not in CONSTANT_SUBJECTS:
            self.found.put_features(subject, set_features(self._sets, images, self._networks))
        elif rows.start == 0:
            # One image has the features of all; scores of sets treat it as a point.
            self.found.put_features(subject, set_features(self._sets, images[:1], self._networks))
        if masks is not None and self._masked_sets:
            seen = torch.from_numpy(self._known[rows]).to(self.device)
            if seen.any():
                people = masked(images, masks)[seen]
                found = set_features(self._masked_sets, people, self._networks)
                self.found.put_features(subject, found)
