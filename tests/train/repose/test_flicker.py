"""Frames of a sequence follow the person's layers: they flicker no more than these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_shards import draw_figure
from poses import standing_pose

from data_manifest.inspection.warping import warp_parts
from shared.geometry import Float64s
from shared.pair_geometry import pair_geometry
from shared.skeleton import JOINT
from train.inference.crops import Picture
from train.inference.painter import Painter
from train.inference.trained import Trained
from train.metrics.masks import pose_masks
from train.nets.generators import make_generator
from train.repose.photos import Photo
from train.repose.scenes import Motion, Person, Scene, scenes_of
from train.settings.networks import GeneratorSettings

pytestmark = pytest.mark.long

SIZE = (170, 100)
PERSON = standing_pose() + np.array([18, 22])


def walk(jitter_px: float) -> Float64s:
    """Eight frames of legs that swing, found as inexactly as a detector finds them."""
    frames = np.stack([standing_pose() for _ in range(8)])
    for side, sign in (("R", 1), ("L", -1)):
        swing = sign * 14 * np.sin(np.arange(8) * np.pi / 4)
        frames[:, JOINT[f"{side}Ank"], 0] += swing
        frames[:, JOINT[f"{side}Kne"], 0] += swing / 2
    frames[3, JOINT["RWri"]] = np.nan
    return frames + np.random.default_rng(0).normal(0, jitter_px, frames.shape)


def painter() -> Painter:
    torch.manual_seed(0)
    settings = GeneratorSettings(
        skips="layers", base_channels=4, image_size=(128, 64), fidelity=False
    )
    trained = Trained(
        generator=make_generator(settings), image_size=(128, 64), sigma=6.0, origin={}
    )
    return Painter(trained, torch.device("cpu"), batch=4)


def scene(smooth_frames: float) -> Scene:
    person = Person("a", Photo(Path("a.png"), "", SIZE), PERSON)
    motion = Motion("walk", walk(1.0), is_sequence=True)
    (found,) = scenes_of([person], [motion], (128, 64), smooth_frames)
    return found


def flicker(frames: np.ndarray, poses: Float64s) -> float:
    """Mean absolute difference of neighbouring frames inside of both of their masks."""
    size = (frames.shape[1], frames.shape[2])
    masks = pose_masks(torch.from_numpy(poses), size).numpy().reshape(len(poses), *size) > 0
    changed = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=-1)
    return float(changed[masks[1:] & masks[:-1]].mean())


def drawn_and_warped(photo: Picture, smooth_frames: float) -> tuple[float, float]:
    """The flicker of what is drawn, and of the source's layers warped alone."""
    given = scene(smooth_frames)
    crop, count = given.crop, len(given.poses)
    drawn = painter().draw_photos(
        [photo] * count, np.stack([PERSON] * count), given.poses, crops=[crop] * count
    )
    corner = np.array([crop.left, crop.top])
    own, poses = np.stack([PERSON - corner] * count), given.poses - corner
    geometry = pair_geometry(own, poses, crop.size)
    seen = photo[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    pairs = zip(geometry.target_quads, geometry.transforms, strict=True)
    warped = np.stack([warp_parts(seen, quads, matrix, "over") for quads, matrix in pairs])
    return flicker(np.stack([each.picture for each in drawn]), poses), flicker(warped, poses)


def test_a_sequence_flickers_no_more_than_its_layers_and_less_than_unsmoothed() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (4, 3))
    photo = draw_figure(PERSON, colours, SIZE)
    stripes = (np.arange(SIZE[0])[:, None, None] % 8 < 4) * 40
    photo = np.clip(photo.astype(int) + stripes, 0, 255).astype(np.uint8)
    drawn, warped = drawn_and_warped(photo, 1.0)
    assert 0 < drawn <= 1.3 * warped
    raw, _ = drawn_and_warped(photo, 0.0)
    assert drawn < raw
