"""The varied worlds: repeatable, true to their joints, wider than the demo and apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from preprocess.demo.drawing import painting
from preprocess.demo.drawing.blocks import Shot, studio_of
from preprocess.demo.drawing.cameras import NUM_CAMERAS
from preprocess.demo.drawing.varied.noise import FALLS, fractal
from preprocess.demo.drawing.varied.people import varied_person
from preprocess.demo.drawing.varied.places import KINDS, place
from preprocess.demo.drawing.varied.ranges import OTHER, VARIED, WORLDS
from preprocess.demo.drawing.varied.sensors import sensor
from preprocess.demo.drawing.varied.studio import VariedStudio
from preprocess.demo.drawing.varied.swatches import CLOTHS, swatch
from shared.skeleton import JOINT

pytestmark = pytest.mark.long

PEOPLE = 24


@pytest.fixture(scope="module")
def crops():
    return {
        name: [studio_of(name, 5).crop(number, number) for number in range(PEOPLE)]
        for name in ("demo", *WORLDS)
    }


def spreads_of(crops):
    """Spread over pictures of brightness, sharpness and the people's torsos, relative to each."""
    grey = np.array([crop.image.mean(axis=2) for crop in crops])
    edges = np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
    torsos = [crop.joints[JOINT["RHip"], 1] - crop.joints[JOINT["neck"], 1] for crop in crops]
    return np.array([np.std(v) / np.mean(v) for v in (grey.mean(axis=(1, 2)), edges, torsos)])


@pytest.mark.parametrize("world", WORLDS)
def test_equal_arguments_give_equal_bits(world):
    first, again = (VariedStudio(5, world).crop(3, 4) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.joints, again.joints)
    assert np.array_equal(first.visible, again.visible)


@pytest.mark.parametrize("size", [(128, 64), (96, 40), (64, 80), (200, 100)])
def test_pictures_have_the_size_asked_for(size):
    crop = VariedStudio(5, "varied").crop(0, 0, size=size)
    assert crop.image.shape == (*size, 3) and crop.image.dtype == np.uint8
    assert np.isfinite(crop.joints).all()
    place_alone = VariedStudio(5, "varied").empty(7, camera=2, size=size)
    assert place_alone.shape == (*size, 3)


def test_a_varied_world_is_wider_than_the_demo(crops):
    demo, varied = spreads_of(crops["demo"]), spreads_of(crops["varied"])
    assert (varied > 1.2 * demo).all()


def test_worlds_share_neither_cloth_nor_place_nor_camera_nor_colour():
    plain = {"plain"}
    assert set(VARIED.cloths) & set(OTHER.cloths) == plain
    assert not set(VARIED.places) & set(OTHER.places)
    assert set(VARIED.cloths) | set(OTHER.cloths) <= set(CLOTHS)
    assert set(VARIED.places) | set(OTHER.places) == set(KINDS)
    for one, other in itertools.product(VARIED.colours, OTHER.colours):
        assert np.abs(np.subtract(one, other)).sum() > 30
    pitches = [
        [sensor(ranges, 5, number, 3).pitch for number in range(NUM_CAMERAS)]
        for ranges in (VARIED, OTHER)
    ]
    assert np.mean(pitches[0]) < np.mean(pitches[1]) - 0.1

    def rough(salt):
        return fractal(np.random.default_rng(3), (64, 64), salt=salt, falls=(0, 1))

    tiles = [rough(r.salt) for r in (VARIED, OTHER)]
    assert abs(np.corrcoef(tiles[0].ravel(), tiles[1].ravel())[0, 1]) < 0.2


def test_a_person_keeps_the_clothes_and_changes_the_folds():
    studio = VariedStudio(5, "varied")
    person = varied_person(VARIED, 5, 8)
    assert person is varied_person(VARIED, 5, 8)
    first, second = (studio.crop(8, index, camera=1) for index in (0, 1))
    assert not np.array_equal(first.image, second.image)
    assert not np.array_equal(person.swatches.upper, varied_person(VARIED, 5, 9).swatches.upper)


@pytest.mark.parametrize("kind", CLOTHS)
def test_every_cloth_is_a_swatch_of_its_own(kind, rng):
    cloth = swatch(rng, VARIED, kind)
    assert cloth.shape == (160, 160, 3) and cloth.dtype == np.float32
    assert cloth.min() >= 0 and cloth.max() <= 255
    assert swatch(rng, VARIED, kind, scale=2.0).shape == (320, 320, 3)
    if kind != "plain":
        coarse = cloth.reshape(16, 10, 16, 10, 3).mean(axis=(1, 3))
        assert coarse.std(axis=(0, 1)).max() > 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_place_is_drawn_with_texture(kind, rng, monkeypatch):
    only = {name: float(name == kind) for name in KINDS}
    monkeypatch.setitem(VARIED.__dict__, "places", only)
    picture = place(rng, VARIED, (120, 90))
    assert picture.shape == (120, 90, 3) and picture.dtype == np.uint8
    assert picture.std() > 1


def test_noise_falls_with_frequency_as_in_photos(rng):
    slopes = []
    for number in range(len(FALLS)):
        tile = fractal(rng, (256, 256), falls=(number, number + 1))
        power = np.abs(np.fft.rfft2(tile))[1:40, 0]
        slopes.append(-np.polyfit(np.log(np.arange(1, 40)), np.log(power), 1)[0])
    assert np.allclose(slopes, FALLS, atol=0.45)
    assert slopes[-1] - slopes[0] > 0.8


def test_joints_lie_on_the_person_after_all_that_a_camera_does(monkeypatch):
    """A person in one loud colour, alone in a picture, shows it at the visible joints."""

    def loud(seen, *_):
        return np.full((len(seen.pixels), 3), (255.0, 0.0, 255.0), np.float32)

    monkeypatch.setattr(painting, "shade", loud)
    for name in ("occluders", "shadows", "neighbours", "haze"):
        value = (0.0, 0.0) if name == "haze" else 0.0
        monkeypatch.setitem(VARIED.__dict__, name, value)
    on, all_of = 0, 0
    for number in range(200, 216):
        crop = VariedStudio(5, "varied").crop(number, number)
        red, green, blue = np.moveaxis(crop.image.astype(float), 2, 0)
        pink = 0.5 * (red + blue) - green > 50
        x, y = np.rint(crop.joints[crop.visible]).astype(int).T
        near = [
            pink[max(v - 1, 0) : v + 2, max(u - 1, 0) : u + 2].any()
            for u, v in zip(x, y, strict=True)
        ]
        on, all_of = on + sum(near), all_of + len(near)
    assert all_of > 100 and on > 0.98 * all_of


@pytest.mark.parametrize("world", ["demo", "varied"])
def test_a_crowd_has_the_joints_of_everybody_and_the_near_hide_the_far(world):
    size = (200, 100)
    studio = studio_of(world, 5, Shot(size=size, people=4))
    hidden, order = 0, []
    for number in range(6):
        crop = studio.crop(number, 0, size=size, people=4)
        assert crop.image.shape == (*size, 3)
        assert len(crop.others) == 3
        everybody = [(crop.joints, crop.visible), *crop.others]
        middles = [joints[JOINT["neck"], 0] for joints, _ in everybody]
        assert np.ptp(middles) > 0.4 * size[1]
        heights = [np.ptp(joints[:, 1]) for joints, _ in crop.others]
        order.append(np.corrcoef(heights, np.arange(3))[0, 1])
        hidden += sum(int((~visible).sum()) for _, visible in everybody)
    assert hidden > 6 * 4
    assert np.mean(order) > 0.3


def test_a_larger_picture_is_drawn_finer_not_enlarged():
    studio = studio_of("demo", 5, Shot(size=(512, 256)))
    large = studio.crop(2, 1, size=(512, 256)).image.astype(float)
    small = large.reshape(128, 4, 64, 4, 3).mean(axis=(1, 3))
    enlarged = small.repeat(4, 0).repeat(4, 1)
    edges = [np.abs(np.diff(image, axis=1)).max(axis=(0, 2)) for image in (large, enlarged)]
    between = np.arange(255) % 4 != 3  # enlarged pixels have no edge inside
    assert edges[0][between].mean() > 40 and edges[1][between].max() == 0


def test_given_joints_stay_where_they_are_in_a_varied_world():
    joints = studio_of("demo", 5).crop(3, 3).joints
    joints[JOINT["RWri"]] = np.nan
    crop = VariedStudio(5, "varied").posed(joints, 4, 0, camera=2)
    present = np.isfinite(joints).all(axis=1)
    assert np.array_equal(crop.joints[present], joints[present])
    assert not crop.visible[JOINT["RWri"]] and np.isfinite(crop.joints).all()
