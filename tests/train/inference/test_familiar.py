"""What is like the training data, and what is not: in a small space, and in drawn worlds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from commands import call
from drawn_worlds import drawn_people
from unlike_pictures import UNLIKE

from shared.errors import DamagedError
from train.inference.exported import familiar_of
from train.inference.familiar import MOST_KEPT, learned, read_familiar
from train.inference.picture_features import picture_features

SHIPPED = Path(__file__).parents[3] / "train" / "weights"


def a_cloud(
    rng: np.random.Generator, count: int = 1500
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features in three directions of five, of people with six pictures each; and negatives."""
    features = rng.normal(size=(count, 3)) @ rng.normal(size=(3, 5)) + 7
    return features, np.arange(count) // 6, features[::3] - 9


def test_two_in_a_hundred_of_the_same_kind_are_beyond_a_limit(rng: np.random.Generator) -> None:
    features, identities, negatives = a_cloud(rng, 3000)
    familiar = learned(features[:1500], identities[:1500], negatives)
    assert familiar is not None and len(familiar.known) == MOST_KEPT
    beyond = (familiar.strangeness(features[1500:]) > 1).mean()
    assert 0.001 < beyond < 0.04
    assert (familiar.strangeness(features[1500:] + 100) > 3).all()
    assert (familiar.strangeness(negatives) > 1).mean() > 0.95


def test_a_person_does_not_make_their_own_pictures_familiar(rng: np.random.Generator) -> None:
    """Pictures of one person are alike: without these the limit would be far too narrow."""
    people = rng.normal(size=(100, 5)).repeat(6, axis=0)
    features = people + 1e-3 * rng.normal(size=people.shape)
    named = learned(features, np.arange(100).repeat(6), -features)
    alone = learned(features, np.arange(600), -features)
    assert named is not None and alone is not None and named.limit > 10 * alone.limit


def test_what_is_kept_is_read_back_and_is_the_same_of_the_same(rng: np.random.Generator) -> None:
    cloud = a_cloud(rng)
    features, *_ = cloud
    familiar, again = learned(*cloud), learned(*cloud)
    assert familiar is not None and again is not None
    assert familiar.content == again.content
    read = read_familiar(familiar.content, "x")
    np.testing.assert_array_equal(read.strangeness(features), familiar.strangeness(features))


@pytest.mark.parametrize("count", [0, 7])
def test_of_too_few_pictures_nothing_is_learned(count: int, rng: np.random.Generator) -> None:
    features, identities, negatives = a_cloud(rng)
    assert learned(features[:count], identities[:count], negatives) is None
    assert learned(features, np.zeros(len(features)), negatives) is None


@pytest.mark.parametrize(
    "change",
    [
        {"centre": np.zeros(4, np.float32)},
        {"axes": np.zeros(5, np.float32)},
        {"known": np.zeros((0, 3), np.float16)},
        {"known": np.full((9, 3), np.nan, np.float16)},
        {"known": np.zeros((9, 3), np.int8)},
        {"limit": np.zeros(1, np.float32)},
        {"negative": np.zeros(4, np.float32)},
        {"limit": np.full(1, np.inf, np.float32)},
        {"more": np.zeros(1, np.float32)},
    ],
)
def test_a_file_of_another_content_is_damaged(change, rng: np.random.Generator) -> None:
    familiar = learned(*a_cloud(rng))
    assert familiar is not None
    arrays = {**safetensors.numpy.load(familiar.content), **change}
    for content in (safetensors.numpy.save(arrays), b"", b"\x80\x04evil", b"{" * 1000):
        with pytest.raises(DamagedError, match="x: expected features of training data"):
            read_familiar(content, "x")


def test_features_are_finite_whatever_the_picture_shows() -> None:
    pictures = np.stack([np.full((34, 18, 3), value, np.uint8) for value in (0, 255, 7)])
    pose = np.full((18, 2), np.nan)
    pose[[2, 5, 8, 11]] = [[-50, 400], [-50, 400], [-50, 400], [-50, 400]]
    features = picture_features(pictures, np.stack([pose] * 3))
    assert np.isfinite(features).all() and features.shape[0] == 3


@pytest.mark.slow
def test_the_shipped_generator_knows_its_world_from_what_is_clearly_none(tmp_path: Path) -> None:
    """People whom it has never seen, of the world that it learned from; and what is no photo."""
    drawn = call("draw-market", "--out", tmp_path / "varied", "--world", "varied", "--detector",
                 "faulty", "--identities", 80, "--images-per-identity", 4, "--seed", 77,
                 "--workers", 1)  # fmt: skip
    assert drawn.exit_code == 0, drawn.stderr
    pictures, joints = drawn_people(tmp_path / "varied")
    familiar = familiar_of(SHIPPED)
    assert familiar is not None and len(pictures) > 120
    known = familiar.strangeness(picture_features(pictures, joints))
    assert (known <= 1).mean() >= 0.97
    rng = np.random.default_rng(0)
    for name, make in UNLIKE.items():
        strange = familiar.strangeness(picture_features(make(pictures[:60], rng), joints[:60]))
        # A negative of a dark street is nearly a picture of a bright one: most are named, not all.
        assert (strange > 1).mean() >= (0.7 if name == "inverted colours" else 0.95), name
