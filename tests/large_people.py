"""Pairs of drawn people at any size, and how near and how sharp pictures of them are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from preprocess.demo.drawing.crops import Crop, Studio
from shared.geometry import scale_joints, valid_poses
from train.data.batch import make_batch, scaled, unscaled
from train.inference.painter import Painter
from train.inference.samples import samples_of
from train.inference.trained import Trained
from train.losses.ssim import ssim_loss
from train.metrics.compared import Compared
from train.metrics.masks import mask_ssim, pose_masks
from train.metrics.sharpness import edges_of_pairs
from train.metrics.ssim import ssim
from train.nets.generators import make_generator
from train.nets.resizing import blown_up, resized
from train.settings.networks import GeneratorSettings

Pictures = NDArray[np.uint8]
SMALL = (128, 64)
PROTOCOL = "pose-gan"
STEPS = 60


@dataclass(frozen=True, kw_only=True)
class People:
    """Pairs: two pictures of a person each, uint8 (n, h, w, 3), with joints (n, 18, 2)."""

    sources: Pictures
    targets: Pictures
    source_joints: NDArray[np.float64]
    target_joints: NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int]:
        return self.sources.shape[1], self.sources.shape[2]


def draw_people(seed: int, count: int, size: tuple[int, int], first: int = 0) -> People:
    """Draw two pictures of so many people, from identity ``first`` on, at a size."""
    studio = Studio.of(seed)
    pairs: list[tuple[Crop, Crop]] = []
    identity = first
    while len(pairs) < count:
        crops = (studio.crop(identity, index, size=size) for index in range(6))
        good = [crop for crop in crops if valid_poses(_joints(crop)[None])[0]][:2]
        if len(good) == 2:
            pairs.append((good[0], good[1]))
        identity += 1
    one, other = zip(*pairs, strict=True)
    return People(
        sources=np.stack([crop.image for crop in one]),
        targets=np.stack([crop.image for crop in other]),
        source_joints=np.stack([_joints(crop) for crop in one]),
        target_joints=np.stack([_joints(crop) for crop in other]),
    )


def scores_of(pictures: Pictures, people: People) -> dict[str, float]:
    """Score pictures of pairs against their targets: SSIM, mask-SSIM, sharpness of real."""
    images, real = torch.from_numpy(pictures), torch.from_numpy(people.targets)
    joints = scale_joints(people.target_joints, people.size, SMALL)
    masks = pose_masks(torch.from_numpy(joints), SMALL)
    for axis, (large, small) in enumerate(zip(people.size, SMALL, strict=True), start=1):
        masks = masks.repeat_interleave(large // small, axis)
    over, under = edges_of_pairs(Compared(images=images, real=real, masks=masks), PROTOCOL)
    return {
        "ssim": float(ssim(images, real, PROTOCOL).mean()),
        "mask_ssim": float(mask_ssim(images, real, masks, PROTOCOL).mean()),
        "sharpness": float(over.sum() / under.sum()),
    }


def systems(painter: Painter, people: People) -> dict[str, Pictures]:
    """Draw the pairs at the photo's own size and at the network's, enlarged; copy the sources."""
    photos = list(people.sources)
    pair = people.source_joints, people.target_joints
    own, pasted = (
        np.stack([one.picture for one in painter.draw_photos(photos, *pair, paste=paste)])
        for paste in (False, True)
    )
    size = painter.image_size
    small = unscaled(resized(scaled(torch.from_numpy(people.sources)), size)).numpy()
    joints = (scale_joints(each, people.size, size) for each in pair)
    enlarged = scaled(torch.from_numpy(painter.draw(small, *joints)))
    return {
        "at the photo's own size": own,
        "small result enlarged": unscaled(blown_up(enlarged, people.size)).numpy(),
        "source copied": people.sources,
        "at the photo's own size, pasted": pasted,
    }


def trained_on(people: People) -> Painter:
    """A small generator of layers, some steps of L1 and SSIM old."""
    torch.manual_seed(0)
    settings = GeneratorSettings(skips="layers", base_channels=8, fidelity=False)
    net = make_generator(settings)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    joints = people.source_joints, people.target_joints
    samples = samples_of(people.sources, *joints, target_images=people.targets)
    for step in range(STEPS):
        first = 4 * step % len(people.sources)
        batch = make_batch(samples.part(first, first + 4), None, sigma=6.0)
        drawn = net(batch.source_image, batch.guidance).image
        loss = (drawn - batch.target_image).abs().mean() + 0.5 * ssim_loss(
            drawn, batch.target_image
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    trained = Trained(generator=net, image_size=SMALL, sigma=6.0, origin={})
    return Painter(trained, torch.device("cpu"), batch=4)


def _joints(crop: Crop) -> NDArray[np.float64]:
    return np.where(crop.visible[:, None], crop.joints, np.nan)
