"""A generator trained at 128 x 64 draws people at 512 x 256 sharper and nearer than enlarging."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from large_people import SMALL, People, draw_people, scores_of

from train.data.batch import make_batch, scaled
from train.inference.painter import Painter
from train.inference.samples import samples_of
from train.inference.trained import Trained
from train.losses.ssim import ssim_loss
from train.nets.generators import make_generator
from train.settings.networks import GeneratorSettings

sys.path.append(str(Path(__file__).parents[2] / "bench"))
from bench_resolution import systems

pytestmark = pytest.mark.slow

STEPS = 60


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


def test_a_photos_own_size_is_sharper_and_nearer_than_the_small_result_enlarged() -> None:
    painter = trained_on(draw_people(1, 24, SMALL))
    people = draw_people(1, 8, (512, 256), first=30_000)
    found = systems(painter, people)
    large, small = (
        scores_of(found[name], people)
        for name in ("at the photo's own size", "small result enlarged")
    )
    assert large["sharpness"] > 1.25 * small["sharpness"], (large, small)
    assert large["ssim"] > small["ssim"] + 0.01, (large, small)
    assert scaled(torch.from_numpy(found["at the photo's own size"])).std() > 0.1
