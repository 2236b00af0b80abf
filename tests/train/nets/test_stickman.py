"""Stick figures against the distance to every stick, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from drawn_shards import random_arrays
from poses import random_poses, standing_pose

from shared.errors import UsageError
from shared.skeleton import JOINT, MIRROR_JOINTS
from train.data.batch import make_batch
from train.data.store import store_from
from train.nets.generator import Generator
from train.nets.kinds import DISCRIMINATORS, SKIPS, make_discriminator
from train.nets.stickman import STICKS, stick_figures
from train.settings.networks import DiscriminatorSettings, GeneratorSettings
from train.settings.presets import resolve


def distance(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """The least distance to a thousand points of the stick."""
    return float(
        min(math.dist(point, start + share * (end - start)) for share in np.linspace(0, 1, 1001))
    )


def test_a_pixel_shows_its_distance_to_the_nearest_stick(rng):
    joints = random_poses(rng, 2) / 4
    size = (32, 16)
    found = stick_figures(torch.tensor(joints), size).numpy()
    deviation = 2.0 * 32 / 128
    for b, c in np.ndindex(2, 3):
        for y, x in rng.integers(0, size, (12, 2)):
            known = [s for s in STICKS[c] if np.isfinite(joints[b][list(s)]).all()]
            gaps = [distance(np.array([x, y]), *joints[b][list(s)]) for s in known]
            expected = math.exp(-(min(gaps) ** 2) / (2 * deviation**2)) if gaps else 0.0
            assert found[b, c, y, x] == pytest.approx(expected, abs=2e-3)


def test_convention_channels_are_left_right_and_centre():
    pose = standing_pose()
    for names, channel in (("LElb LWri LKne LAnk", 0), ("RElb RWri RKne RAnk", 1), ("nose", 2)):
        alone = stick_figures(torch.tensor(pose)[None], (128, 64))[0]
        for name in names.split():
            x, y = pose[JOINT[name]].astype(int)
            assert alone[:, y, x].argmax() == channel
            assert alone[channel, y, x] > 0.99


def test_a_mirrored_pose_is_a_mirrored_figure_with_left_and_right_exchanged(rng):
    pose = random_poses(rng, 3)
    figure = stick_figures(torch.tensor(pose), (128, 64))
    mirrored = pose[:, list(MIRROR_JOINTS)]
    mirrored[..., 0] = 63 - mirrored[..., 0]
    other = stick_figures(torch.tensor(mirrored), (128, 64))
    torch.testing.assert_close(other, figure.flip(3)[:, [1, 0, 2]])


def test_nobody_is_an_empty_figure_and_equal_joints_make_a_dot():
    joints = torch.full((2, 18, 2), torch.nan)
    joints[1, [JOINT["LHip"], JOINT["LKne"]]] = torch.tensor([5.0, 9.0])
    figures = stick_figures(joints, (32, 16))
    assert torch.isfinite(figures).all()
    assert not figures[0].any() and figures[1, 0, 9, 5] == 1 and not figures[1, 1:].any()


def stick_batch():
    store = store_from([random_arrays(4, identities=(2, 3))])
    return make_batch(store.gather(torch.arange(2)), None, sigma=6.0, poses="stickman")


@pytest.mark.parametrize("skips", list(SKIPS))
def test_every_generator_takes_stick_figures(skips):
    settings = GeneratorSettings(
        skips=skips, poses="stickman", base_channels=2, image_size=(64, 48)
    )
    batch = stick_batch()
    assert Generator(settings)(batch.source_image, batch.guidance).image.shape == (2, 3, 64, 48)


@pytest.mark.parametrize("kind", list(DISCRIMINATORS))
def test_every_discriminator_takes_stick_figures(kind):
    settings = DiscriminatorSettings(kind=kind, poses="stickman", base_channels=2)
    batch = stick_batch()
    logits = make_discriminator(settings)(batch.target_image, batch.source_image, batch.guidance)
    assert torch.isfinite(logits).all()


def test_layers_take_heat_maps_and_sizes_of_whole_steps():
    with pytest.raises(UsageError, match=r"generator\.poses: expected heat-maps with layers"):
        GeneratorSettings(skips="layers", poses="stickman")
    with pytest.raises(UsageError, match=r"generator\.image_size: expected multiples of 16 with"):
        GeneratorSettings(skips="layers", image_size=(256, 180))


def test_both_networks_see_the_same_poses():
    with pytest.raises(UsageError, match=r"discriminator\.poses: expected stickman"):
        resolve("dsc", {"generator": {"poses": "stickman"}})
