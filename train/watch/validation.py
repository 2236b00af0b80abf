"""The validation of a run: a few fixed test pairs, drawn and scored while the networks learn.

The scores are quick ones, to see whether a run learns: SSIM and mask-SSIM by the protocol
"pose-gan" on a small subset. ``eval-gan`` gives the figures that count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from data_manifest.manifest import Manifest
from data_manifest.remote.folder import ShardFolder
from train.data.batch import Batch, ShownBackground, make_batch
from train.data.store import Samples, Store, load_store, shards_of
from train.inference.drawing import draw_pasted, draw_pictures
from train.metrics.masks import mask_ssim, pose_masks
from train.metrics.ssim import ssim
from train.nets.drawing_network import DrawingNetwork
from train.settings.networks import DrawnPoses
from train.watch.sheets import draw_sheet, picture_cells, pose_cells

PROTOCOL = "pose-gan"
GENERATED = "generator"


class Validation:
    """Draws and scores fixed pairs.

    Args:
        store: The pairs, spread over the split; the sheet shows the first ones of every stride.
        sheet_pairs: Rows of a sample sheet.
        sigma: Deviation of the heat maps, as in training.
        poses: How poses are drawn, as in training.
        batch: Pairs drawn at a time.
        device: Where to compute.
    """

    def __init__(
        self,
        store: Store,
        *,
        sheet_pairs: int,
        sigma: float,
        poses: DrawnPoses = "heat-maps",
        batch: int,
        device: torch.device,
    ) -> None:
        self._sigma = sigma
        self._poses = poses
        self._batch = batch
        self._samples = store.gather(torch.arange(store.num_pairs)).to(device)
        self._shown = spread(store.num_pairs, sheet_pairs)
        self._targets = self._samples.target_images
        self._masks = pose_masks(self._samples.target_joints, store.image_size)
        self._controls = self._score_controls()

    def scores(self, generator: DrawingNetwork) -> dict[str, dict[str, float]]:
        """Score a generator beside the controls.

        Returns:
            ``"ssim"`` and ``"mask_ssim"``, each with the means by name: ``"generator"`` first.
        """
        own = self._score(self.draw(generator))
        return {metric: {GENERATED: own[metric], **self._controls[metric]} for metric in own}

    def sheet(self, generator: DrawingNetwork, average: DrawingNetwork) -> Image.Image:
        """Draw source, poses, what generator and average make of them, and the target.

        The average's pictures are shown once more pasted: on the source's background.
        """
        shown = torch.tensor(self._shown, device=self._targets.device)
        rows = Samples(**{k: v[shown] for k, v in self._samples.tensors().items()})
        size = (self._targets.shape[1], self._targets.shape[2])
        columns = {
            "source": picture_cells(rows.source_images.cpu().numpy()),
            "its pose": pose_cells(rows.source_joints.cpu().numpy(), size),
            "target pose": pose_cells(rows.target_joints.cpu().numpy(), size),
            "generated": picture_cells(self._draw(generator, rows).cpu().numpy()),
            "average's": picture_cells(self._draw(average, rows).cpu().numpy()),
            "pasted": picture_cells(self._draw_pasted(average, rows).cpu().numpy()),
            "target": picture_cells(rows.target_images.cpu().numpy()),
        }
        return draw_sheet(columns)

    def draw(self, generator: DrawingNetwork) -> Tensor:
        """Draw all pairs: uint8 (n, H, W, 3)."""
        return self._draw(generator, self._samples)

    def _draw(self, generator: DrawingNetwork, samples: Samples) -> Tensor:
        batches = self._batches(generator, samples)
        return torch.cat([draw_pictures(generator, batch) for batch in batches])

    def _draw_pasted(self, generator: DrawingNetwork, samples: Samples) -> Tensor:
        pasted = [
            draw_pasted(generator, batch.source_image, batch, batch.image_size)[1]
            for batch in self._batches(generator, samples)
        ]
        return torch.cat(pasted)

    def _batches(self, generator: DrawingNetwork, samples: Samples) -> Iterator[Batch]:
        # Where a pose is drawn, nobody knows the target's background.
        shown: ShownBackground = "none" if generator.settings.background == "none" else "source"
        for start in range(0, len(samples.status), self._batch):
            part = samples.part(start, start + self._batch)
            yield make_batch(part, None, sigma=self._sigma, poses=self._poses, background=shown)

    def _score(self, images: Tensor) -> dict[str, float]:
        plain = ssim(images, self._targets, PROTOCOL)
        masked = mask_ssim(images, self._targets, self._masks, PROTOCOL)
        return {"ssim": float(plain.mean()), "mask_ssim": float(masked.mean())}

    def _score_controls(self) -> dict[str, dict[str, float]]:
        mean = self._targets.float().mean(0).round().to(torch.uint8)
        pictures = {
            "source copied": self._samples.source_images,
            "mean image": mean.expand_as(self._targets).contiguous(),
            "black image": torch.zeros_like(self._targets),
        }
        scored = {name: self._score(images) for name, images in pictures.items()}
        metrics = ("ssim", "mask_ssim")
        return {metric: {name: scored[name][metric] for name in scored} for metric in metrics}


def load_validation_pairs(
    folder: ShardFolder, manifest: Manifest, num_pairs: int, warn: Callable[[str], None]
) -> Store:
    """Read the fixed pairs: spread evenly over the test split's list.

    Args:
        folder: The shard folder.
        manifest: Its manifest. Without test pairs the train split serves, with a warning.
        num_pairs: How many pairs.
        warn: Says so.
    """
    split = "test"
    if not manifest.num_pairs(split):
        split = "train"
        warn("these shards hold no test pairs: quick scores and sheets use train pairs")
    store = load_store(folder, shards_of(manifest, split, folder))
    by_order = np.argsort(store.pair_order.numpy(), kind="stable")
    return store.only_pairs(by_order[spread(len(by_order), num_pairs)].tolist())


def spread(count: int, wanted: int) -> list[int]:
    """Choose up to ``wanted`` numbers below ``count``, evenly spread and ascending."""
    wanted = min(count, wanted)
    return [number * count // wanted for number in range(wanted)]
