"""Drawn crops: repeatable, true to their joints, of any size."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_statistics import pose_statistics

from data_manifest.published_files import read_keypoints
from preprocess.demo.drawing.blocks import draw_entry
from preprocess.demo.drawing.cameras import decoded, jpeg, sample_camera
from preprocess.demo.drawing.crops import Studio, draw_crops
from preprocess.demo.drawing.detector import reported
from preprocess.demo.drawing.figure import figure
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.demo.drawing.layout import TRAIN, planned
from preprocess.demo.drawing.people import sample_person
from preprocess.demo.drawing.solids import surface
from preprocess.demo.market import DrawSettings
from shared.skeleton import JOINT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def studio():
    return Studio.of(5)


@pytest.fixture(scope="module")
def default_train():
    """The training pictures that draw-market draws by default."""
    settings = DrawSettings()
    plan = planned(settings.identities, settings.images_per_identity, settings.seed)
    studio, nothing = Studio.of(settings.seed), np.full((18, 2), np.nan)
    drawn = [draw_entry(studio, entry, nothing) for entry in plan if entry.folder == TRAIN]
    return [crop for crop, _ in drawn], np.array([found for _, found in drawn])


@pytest.fixture
def crops(default_train):
    return default_train[0]


def same(a, b):
    return (
        np.array_equal(a.image, b.image)
        and np.array_equal(a.joints, b.joints)
        and np.array_equal(a.visible, b.visible)
    )


def test_equal_arguments_give_equal_bits(studio):
    assert same(studio.crop(3, 4), Studio.of(5).crop(3, 4))
    assert same(studio.crop(1, 1), draw_crops(5, range(2), 2)[3])


def test_other_seed_person_picture_or_camera_gives_another_picture(studio):
    first = studio.crop(3, 4, camera=2)
    for other in (
        Studio.of(6).crop(3, 4, camera=2),
        studio.crop(4, 4, camera=2),
        studio.crop(3, 5, camera=2),
        studio.crop(3, 4, camera=3),
    ):
        assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("size", [(128, 64), (96, 40), (64, 80)])
def test_crops_have_the_size_asked_for(studio, size):
    crop = studio.crop(0, 0, size=size)
    assert crop.image.shape == (*size, 3)
    assert crop.image.dtype == np.uint8
    assert crop.joints.shape == (18, 2)
    assert np.isfinite(crop.joints).all()


def test_joints_scale_with_the_crop(studio):
    small, large = studio.crop(2, 1), studio.crop(2, 1, size=(256, 128))
    assert 2 * (small.joints + 0.5) - 0.5 == pytest.approx(large.joints, abs=1e-6)


def test_visible_joints_lie_on_the_drawn_person(studio):
    """A person painted in one loud colour must show it at every visible joint."""
    from preprocess.demo.drawing.body import skeleton
    from preprocess.demo.drawing.framing import Framing, framed
    from preprocess.demo.drawing.poses import sample_angles, sample_track
    from preprocess.demo.drawing.visibility import visible_joints

    rng = np.random.default_rng(3)
    for number in range(40):
        person = sample_person(1, number)
        angles = sample_angles(sample_track(rng), rng)
        framing = Framing(middle_x=0.0, neck_y=0.2, torso=0.3)
        body = framed(skeleton(angles, person.build, 0.2), framing, (150, 90))
        seen = surface(figure(body, person), (150, 90))
        visible = visible_joints(body, seen)
        covered = seen.depth_map() > -1e5
        x, y = np.rint(body.points[visible, :2]).astype(int).T
        assert covered[y, x].all()


@pytest.mark.long
def test_hidden_sides_are_not_visible(crops):
    joints = np.array([crop.joints for crop in crops])
    visible = np.array([crop.visible for crop in crops])
    across = joints[:, JOINT["LSho"], 0] - joints[:, JOINT["RSho"], 0]
    size = np.abs(across)
    from_behind = (across < 0) & (size > 22)
    frontal = (across > 0) & (size > 22)
    face = [JOINT["nose"], JOINT["REye"], JOINT["LEye"]]
    assert from_behind.sum() > 50
    assert visible[from_behind][:, face].mean() < 0.12
    inside = (joints[frontal][:, face] > 0).all(axis=(1, 2))
    assert visible[frontal][inside][:, face].mean() > 0.85
    sideways = size < 4
    both_ears = visible[:, JOINT["REar"]] & visible[:, JOINT["LEar"]]
    assert both_ears[sideways].mean() < 0.15


@pytest.mark.long
def test_joints_outside_the_picture_are_not_visible(crops):
    for crop in crops:
        place = np.rint(crop.joints[crop.visible])
        assert ((place >= 0) & (place < (CROP_SIZE[1], CROP_SIZE[0]))).all()


def test_an_identity_keeps_its_clothes_and_identities_differ():
    people = [sample_person(1, number) for number in range(60)]
    again = sample_person(1, 17)
    assert np.array_equal(people[17].palette, again.palette)
    assert people[17].build == again.build
    looks = {(p.cut, p.pattern, p.lower, p.haircut, p.bag) for p in people}
    assert len(looks) > 35
    assert {p.pattern for p in people} == {"plain", "striped", "checked", "printed", "two-tone"}
    assert {p.bag for p in people} == {"none", "backpack", "shoulder bag", "hand bag"}


def test_cameras_have_a_light_a_place_and_a_sensor_of_their_own():
    cameras = [sample_camera(1, number) for number in range(1, 7)]
    assert len({camera.quality for camera in cameras}) > 2
    assert len({camera.pitch for camera in cameras}) == 6
    assert len({camera.scene.tobytes() for camera in cameras}) == 6


def test_empty_places_show_nobody_but_vary(studio):
    one, other = studio.empty(0, camera=2), studio.empty(1, camera=2)
    assert one.shape == (128, 64, 3)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, studio.empty(0, camera=2))


def test_jpeg_round_trip_is_close(studio):
    crop = studio.crop(1, 0)
    again = decoded(jpeg(crop.image, 95)).astype(int)
    assert np.abs(again - crop.image).mean() < 8


@pytest.mark.long
def test_default_poses_are_within_five_points_of_the_published_ones(default_train, published_data):
    crops, found = default_train
    joints = np.array([crop.joints for crop in crops])
    drawn = pose_statistics(np.where(found[:, :, None], joints, np.nan), CROP_SIZE)
    table = read_keypoints(published_data / "market-annotation-train.csv")
    published = pose_statistics(table.joints, CROP_SIZE)
    assert np.abs(drawn.missing - published.missing).max() <= 5.0
    assert np.abs(drawn.spread - published.spread).max() <= 5.0
    assert drawn.side >= 30
    assert drawn.front + drawn.back >= 30
    assert abs(drawn.valid - published.valid) <= 5.0


@pytest.mark.long
def test_reported_joints_are_inside_and_hidden_eyes_are_rarely_reported(crops):
    rng = np.random.default_rng(2)
    hidden_eyes = []
    for crop in crops:
        found = reported(crop.joints, crop.visible, CROP_SIZE, rng)
        place = np.rint(crop.joints[found])
        assert ((place >= 0) & (place < (CROP_SIZE[1], CROP_SIZE[0]))).all()
        hidden_eyes.append(found[JOINT["REye"]] & ~crop.visible[JOINT["REye"]])
    assert np.mean(hidden_eyes) < 0.04
