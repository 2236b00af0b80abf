"""The estimator's own work, with a network that points at the brightest pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from preprocess.pose.estimator import YoloEstimator, fit
from preprocess.pose.people import People
from preprocess.pose.person_choice import CANDIDATE_LENGTH
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import UsageError


def brightest_pixel(inputs: Tensor) -> Tensor:
    """One candidate an image: a whole-picture box whose 17 points lie on the brightness' centre."""
    weight = (inputs.mean(dim=1) - 0.55).clamp(min=0)  # the bars are darker than that
    y, x = torch.meshgrid(
        torch.arange(inputs.shape[2]) + 0.5, torch.arange(inputs.shape[3]) + 0.5, indexing="ij"
    )
    total = weight.sum(dim=(1, 2))
    candidate = torch.zeros(len(inputs), CANDIDATE_LENGTH, 1)
    candidate[:, 2], candidate[:, 3], candidate[:, 4] = inputs.shape[3], inputs.shape[2], 0.9
    candidate[:, 5::3, 0] = ((weight * x).sum(dim=(1, 2)) / total)[:, None]
    candidate[:, 6::3, 0] = ((weight * y).sum(dim=(1, 2)) / total)[:, None]
    candidate[:, 7::3] = 0.75
    return candidate


def estimator(network, console: Console | None = None, **settings: object) -> YoloEstimator:
    return YoloEstimator(
        network,
        "0" * 64,
        PoseSettings(**settings),
        device=torch.device("cpu"),
        half=False,
        console=console or Console(quiet=True),
    )


def dots(size: tuple[int, int], places: np.ndarray) -> np.ndarray:
    images = np.zeros((len(places), *size, 3), np.uint8)
    for image, (x, y) in zip(images, places, strict=True):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return images


def assert_equal_to_rounding(one: People, other: People) -> None:
    for name, value in vars(one).items():
        np.testing.assert_allclose(value, getattr(other, name), atol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    ("image_size", "pose_size"),
    [
        ((128, 64), (256, 128)),
        ((96, 80), (256, 128)),
        ((60, 150), (96, 64)),
        ((400, 90), (192, 96)),
    ],
)
def test_convention_points_come_back_in_pixels_of_the_image(
    image_size: tuple[int, int], pose_size: tuple[int, int], rng: np.random.Generator
) -> None:
    places = np.stack(
        [rng.integers(8, image_size[1] - 8, 20), rng.integers(8, image_size[0] - 8, 20)], axis=1
    )
    people = estimator(brightest_pixel, pose_size=pose_size).estimate(dots(image_size, places))
    scale = min(1, *fit(image_size, pose_size).scale)
    np.testing.assert_allclose(people.points[:, 0], places, atol=0.3 / scale)
    assert (people.count == 1).all()
    assert people.confidences == pytest.approx(0.75)


@pytest.mark.parametrize("image_size", [(128, 64), (77, 200), (31, 33)])
def test_a_picture_fits_into_the_middle_in_its_own_shape(image_size: tuple[int, int]) -> None:
    place = fit(image_size, (256, 128))
    left, top, right, bottom = place.area
    assert 0 <= left <= right <= 128
    assert 0 <= top <= bottom <= 256
    assert abs((left + right) - 128) <= 1
    assert abs((top + bottom) - 256) <= 1
    assert place.scale[0] == pytest.approx(place.scale[1], rel=0.02)
    assert 256 - (bottom - top) <= 0 or 128 - (right - left) <= 0


def test_results_do_not_depend_on_the_batch(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (23, 40, 24, 3), np.uint8)
    whole = estimator(brightest_pixel, batch=64).estimate(images)
    for batch in (1, 5, 22):
        assert_equal_to_rounding(whole, estimator(brightest_pixel, batch=batch).estimate(images))


def test_out_of_memory_halves_the_batch_retries_the_same_images_and_says_so(
    rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes: list[int] = []

    def small_memory(inputs: Tensor) -> Tensor:
        sizes.append(len(inputs))
        if len(inputs) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return brightest_pixel(inputs)

    images = rng.integers(0, 256, (23, 40, 24, 3), np.uint8)
    model = estimator(small_memory, Console(), batch=16)
    assert_equal_to_rounding(model.estimate(images), estimator(brightest_pixel).estimate(images))
    assert sizes[:3] == [16, 8, 4]
    assert model.batch == 4
    said = capsys.readouterr().err
    assert said.count("halved") == 2
    assert "halved to 4" in said


def test_memory_too_small_for_one_image_is_one_clear_line() -> None:
    def no_memory(inputs: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(UsageError, match="memory for one image at 256x128"):
        estimator(no_memory, batch=2).estimate(np.zeros((3, 128, 64, 3), np.uint8))


def test_other_faults_of_a_network_are_not_taken_for_missing_memory() -> None:
    def broken(inputs: Tensor) -> Tensor:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape mismatch"):
        estimator(broken).estimate(np.zeros((3, 128, 64, 3), np.uint8))


def test_where_nobody_is_seen_points_and_confidences_mean_nothing() -> None:
    def nobody(inputs: Tensor) -> Tensor:
        return brightest_pixel(inputs) * torch.tensor([1.0] * 4 + [0.1] + [1.0] * 51)[:, None]

    people = estimator(nobody).estimate(dots((64, 40), np.array([[9, 20], [30, 44]])))
    assert people.count.tolist() == [0, 0]
    assert not people.confidences.any()
    assert not people.person_score.any()


def test_no_images_give_no_people() -> None:
    assert len(estimator(brightest_pixel).estimate(np.zeros((0, 128, 64, 3), np.uint8))) == 0


def test_the_key_names_what_results_depend_on_and_nothing_else() -> None:
    key = estimator(brightest_pixel).key
    assert key == estimator(brightest_pixel, batch=3, joint_threshold=0.9).key
    assert key != estimator(brightest_pixel, person_threshold=0.3).key
    assert key != estimator(brightest_pixel, pose_size=(128, 64)).key
