"""Measuring pairs: every score of every subject, chunk by chunk.

Convention:
    A subject is what is compared with the real images: the generated ones, and as controls the
    real images themselves, the sources copied, the mean real image and a black image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.metrics.deep import Inception2015, InceptionTorchvision, Lpips
from train.metrics.masks import mask_ssim, masked, pose_masks
from train.metrics.pixels import l1, psnr
from train.metrics.ssim import ssim_by_protocol
from train.metrics.weights import find_weights
from train.scoring.plan import Plan
from train.scoring.reading import Chunk, Images

SUBJECTS: Final = ("generated", "real", "source", "mean", "black")
CONSTANT_SUBJECTS: Final = ("mean", "black")

Floats = NDArray[np.float64]


class Networks:
    """The networks that a plan needs, loaded once.

    Args:
        plan: The plan.
        weights_dir: Folder of weight files.
        device: Where they run.

    Raises:
        UsageError: A weight file is missing.
        DamagedError: A weight file does not hold its network.
    """

    def __init__(self, plan: Plan, weights_dir: Path | None, device: torch.device) -> None:
        self.paths = {
            key: find_weights(weights_dir, key)
            for key in ("inception-2015", "inception-torchvision", "alexnet")
            if plan.needs(key)
        }
        self._plan = plan
        files = self.paths
        self._inception = (
            Inception2015(files["inception-2015"], device) if "inception-2015" in files else None
        )
        self._gfla = (
            InceptionTorchvision(files["inception-torchvision"], device)
            if "inception-torchvision" in files
            else None
        )
        self.lpips = Lpips(files["alexnet"], device) if "alexnet" in files else None

    def features(self, images: Tensor) -> dict[str, NDArray[np.float32]]:
        """Give what the scores of a whole set need of uint8 (n, height, width, 3), by key."""
        found = {}
        if self._inception and (
            self._plan.has("is/torchmetrics") or self._plan.has("fid/torchmetrics")
        ):
            pooled, found["is/torchmetrics"] = self._inception(images)
            found["fid/torchmetrics"] = pooled
        if self._gfla:
            found["fid/gfla"] = self._gfla(images)
        return {key: array for key, array in found.items() if self._plan.has(key)}

    def masked_logits(self, images: Tensor) -> dict[str, NDArray[np.float32]]:
        """Give the class logits of images that are masked already, where they are asked for."""
        if self._inception and self._plan.has("mask-is/torchmetrics"):
            return {"mask-is/torchmetrics": self._inception(images).logits}
        return {}


class Measurements:
    """What was measured so far: numbers of each pair and features of whole sets, by subject."""

    def __init__(self, num_pairs: int) -> None:
        self._num_pairs = num_pairs
        self.values: dict[str, dict[str, Floats]] = {}
        self._features: dict[str, dict[str, list[NDArray[np.float32]]]] = {}

    def put(self, subject: str, key: str, first: int, values: Floats) -> None:
        """Keep the numbers (n,) of neighbouring pairs."""
        column = self.values.setdefault(subject, {})
        if key not in column:
            column[key] = np.full(self._num_pairs, np.nan)
        column[key][first : first + len(values)] = values

    def put_features(self, subject: str, features: dict[str, NDArray[np.float32]]) -> None:
        """Keep the features of further images."""
        for key, array in features.items():
            self._features.setdefault(subject, {}).setdefault(key, []).append(array)

    def features_of(self, subject: str, key: str) -> NDArray[np.float32] | None:
        """Give all features of a subject; None where there are none."""
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
        self._plan, self._networks, self._device = plan, networks, device
        self._constant = {"mean": mean, "black": np.zeros_like(mean)}
        self._joints, self._known = joints, known
        self._ssim = [s.protocol for s in plan.scores if s.metric == "ssim"]
        self.found = Measurements(len(known))

    def add(self, chunk: Chunk) -> None:
        """Measure one chunk for all subjects."""
        real = torch.from_numpy(chunk.real).to(self._device)
        rows = slice(chunk.first, chunk.first + len(real))
        masks = None
        if self._joints is not None:
            joints = torch.from_numpy(self._joints[rows]).to(self._device)
            masks = pose_masks(joints, (real.shape[1], real.shape[2]))
        for subject, images in self._subjects(chunk, real):
            for key, values in self._pair_scores(images, real, masks).items():
                numbers = values.cpu().numpy()
                if key.startswith("mask-"):
                    numbers = np.where(self._known[rows], numbers, np.nan)
                self.found.put(subject, key, chunk.first, numbers)
            self._add_features(subject, images, masks, rows)

    def _subjects(self, chunk: Chunk, real: Tensor) -> Iterator[tuple[str, Tensor]]:
        yield "generated", torch.from_numpy(chunk.generated).to(self._device)
        yield "real", real
        if chunk.original is not None:
            yield "source", torch.from_numpy(chunk.original).to(self._device)
        for subject, image in self._constant.items():
            yield subject, torch.from_numpy(image).to(self._device).expand_as(real)

    def _pair_scores(self, images: Tensor, real: Tensor, masks: Tensor | None) -> dict[str, Tensor]:
        by_protocol = ssim_by_protocol(images, real, self._ssim)
        values = {f"ssim/{name}": value for name, value in by_protocol.items()}
        if masks is not None and self._plan.has("mask-ssim/pose-gan"):
            values["mask-ssim/pose-gan"] = mask_ssim(images, real, masks)
        if self._plan.has("psnr/range255"):
            values["psnr/range255"] = psnr(images, real)
        if self._plan.has("l1/range1"):
            values["l1/range1"] = l1(images, real)
        if self._networks.lpips:
            values["lpips/alex"] = self._networks.lpips(images, real)
        return values

    def _add_features(
        self, subject: str, images: Tensor, masks: Tensor | None, rows: slice
    ) -> None:
        if subject not in CONSTANT_SUBJECTS:
            self.found.put_features(subject, self._networks.features(images))
        elif rows.start == 0:
            # One image has the features of all; scores of sets treat it as a point.
            self.found.put_features(subject, self._networks.features(images[:1]))
        if masks is not None:
            seen = torch.from_numpy(self._known[rows]).to(self._device)
            if seen.any():
                logits = self._networks.masked_logits(masked(images, masks)[seen])
                self.found.put_features(subject, logits)
