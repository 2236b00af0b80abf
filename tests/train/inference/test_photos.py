"""Photos of any size and shape: what of them is drawn, how large, and that nothing is squeezed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from poses import standing_pose

from shared.errors import UsageError
from train.inference.crops import Crop, cut_out, inner, joints_inside, window_around
from train.inference.painter import Painter
from train.inference.trained import Trained
from train.nets.generators import make_generator
from train.settings.networks import GeneratorSettings

SIZE = (128, 64)
Pictures = np.ndarray


def painter_of(skips: str, image_size: tuple[int, int] = SIZE, **given: object) -> Painter:
    torch.manual_seed(0)
    settings = GeneratorSettings(
        skips=skips,  # type: ignore[arg-type]
        base_channels=4,
        image_size=image_size,
        fidelity=False,
        **given,  # type: ignore[arg-type]
    )
    trained = Trained(
        generator=make_generator(settings), image_size=image_size, sigma=6.0, origin={}
    )
    return Painter(trained, torch.device("cpu"), batch=4)


def photo(height: int, width: int, seed: int = 0) -> Pictures:
    rng = np.random.default_rng(seed)
    coarse = torch.tensor(rng.uniform(0, 255, (1, 3, 12, 8)))
    made = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return made[0].permute(1, 2, 0).to(torch.uint8).numpy()


def pose_in(window: Crop, image_size: tuple[int, int] = SIZE) -> np.ndarray:
    """A standing person who fills a window."""
    ratio = np.array([window.width / 64, window.height / 128])
    return (standing_pose() + 0.5) * ratio - 0.5 + [window.left, window.top]


@pytest.mark.parametrize("size", [(200, 100), (100, 200), (333, 77), (64, 64), (1, 9)])
@pytest.mark.parametrize("image_size", [(128, 64), (256, 176), (64, 96)])
def test_a_window_is_the_smallest_of_the_networks_shape_around_the_crop(
    size: tuple[int, int], image_size: tuple[int, int]
) -> None:
    crop = Crop(left=7, top=-3, height=size[0], width=size[1])
    window = window_around(crop, image_size)
    assert window.left <= crop.left and window.top <= crop.top
    assert window.left + window.width >= crop.left + crop.width
    assert window.top + window.height >= crop.top + crop.height
    assert crop.size[0] == window.height or crop.size[1] == window.width
    assert abs(window.height * image_size[1] - window.width * image_size[0]) <= max(image_size)


def test_what_lies_beyond_a_photo_repeats_its_edge() -> None:
    picture = photo(10, 7)
    window = Crop(left=-2, top=3, height=9, width=12)
    found = cut_out(picture, window)
    for row in range(9):
        for column in range(12):
            expected = picture[min(row + 3, 9), min(max(column - 2, 0), 6)]
            np.testing.assert_array_equal(found[row, column], expected)
    crop = Crop(left=0, top=4, height=5, width=7)
    np.testing.assert_array_equal(inner(found, window, crop), picture[4:9])


def test_convention_joints_follow_their_pixels_into_the_window() -> None:
    window = Crop(left=30, top=-20, height=256, width=128)
    corners = np.array([[29.5, -20.5], [157.5, 235.5]])
    np.testing.assert_allclose(joints_inside(corners, window, SIZE), [[-0.5, -0.5], [63.5, 127.5]])


def test_a_photo_of_the_networks_size_is_drawn_as_an_image_bit_for_bit() -> None:
    for skips in ("layers", "parts"):
        painter = painter_of(skips)
        image, pose = photo(*SIZE), pose_in(Crop(left=0, top=0, height=128, width=64))
        wanted = pose + np.random.default_rng(1).normal(0, 3, pose.shape)
        for paste in (False, True):
            (one,) = painter.draw_photos([image], pose[None], wanted[None], paste=paste)
            plain = painter.draw(image[None], pose[None], wanted[None], paste=paste)
            np.testing.assert_array_equal(one.picture, plain[0])
            assert one.drawn_size == SIZE and not one.enlarged


def test_photos_of_different_sizes_come_back_at_their_own() -> None:
    painter = painter_of("layers")
    pictures = [photo(300, 220), photo(90, 200, 1), photo(64, 32, 2)]
    crops = [
        Crop(left=40, top=10, height=280, width=120),
        Crop(left=60, top=0, height=90, width=80),
        Crop(left=0, top=0, height=64, width=32),
    ]
    windows = [window_around(crop, SIZE) for crop in crops]
    poses = np.stack([pose_in(window) for window in windows])
    drawn = painter.draw_photos(pictures, poses, poses + 2.0, crops=crops)
    for one, crop, window in zip(drawn, crops, windows, strict=True):
        assert one.picture.shape == (*crop.size, 3)
        assert (one.window, one.drawn_size, one.enlarged) == (window, window.size, False)


def test_a_generator_without_layers_says_that_its_picture_is_enlarged() -> None:
    painter = painter_of("parts")
    picture, window = photo(256, 128), Crop(left=0, top=0, height=256, width=128)
    pose = pose_in(window)[None]
    (large,) = painter.draw_photos([picture], pose, pose)
    assert large.picture.shape == (256, 128, 3)
    assert large.enlarged and large.drawn_size == SIZE
    (small,) = painter.draw_photos([photo(64, 32)], pose / 4, pose / 4)
    assert small.picture.shape == (64, 32, 3) and not small.enlarged


def test_a_window_of_too_many_pixels_is_drawn_smaller_and_enlarged() -> None:
    painter = painter_of("layers")
    picture, window = photo(256, 128), Crop(left=0, top=0, height=256, width=128)
    pose = pose_in(window)[None]
    (one,) = painter.draw_photos([picture], pose, pose, most_pixels=128 * 64)
    assert one.picture.shape == (256, 128, 3)
    assert one.enlarged and one.drawn_size == SIZE


@pytest.mark.parametrize("skips", ["parts", "layers"])
def test_sizes_that_do_not_halve_are_drawn_too(skips: str) -> None:
    size = (256, 176)
    painter = painter_of(skips, size)
    window = Crop(left=0, top=0, height=256, width=176)
    pose = pose_in(window)[None]
    drawn = painter.draw(photo(*size)[None], pose, pose + 3.0)
    assert drawn.shape == (1, *size, 3) and drawn.std() > 1
    (one,) = painter.draw_photos([photo(512, 352)], 2 * pose, 2 * pose, paste=False)
    assert one.picture.shape == (512, 352, 3)
    assert one.enlarged == (skips == "parts")


def test_pasting_keeps_the_photo_away_from_both_people() -> None:
    for skips in ("parts", "layers"):
        painter = painter_of(skips)
        picture, window = photo(256, 256), Crop(left=64, top=0, height=256, width=128)
        pose = pose_in(window)[None]
        (one,) = painter.draw_photos([picture], pose, pose)
        assert one.picture.shape == (256, 256, 3)
        outside = np.abs(one.picture[:, :40].astype(int) - picture[:, :40])
        if skips == "parts":
            assert outside.max() <= 1
        (plain,) = painter.draw_photos([picture], pose, pose, paste=False)
        unpasted = np.abs(plain.picture[:, :40].astype(int) - picture[:, :40])
        assert outside.mean() < unpasted.mean()


def test_with_background_conditioning_a_new_pose_is_drawn_on_the_sources_background() -> None:
    for skips in ("parts", "none", "layers"):
        painter = painter_of(skips, background="target")
        assert painter.sees_background
        image, pose = photo(*SIZE), standing_pose()[None]
        other = image.copy()
        other[:4, :6] = 255 - other[:4, :6]
        first, second = (painter.draw(each[None], pose, pose) for each in (image, other))
        assert (first != second).any()


def test_wrong_photos_are_refused_in_one_line() -> None:
    painter, pose = painter_of("layers"), standing_pose()[None]
    whole = Crop(left=0, top=0, height=4, width=4)
    grey, empty = np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)
    for given in (grey, empty, np.zeros((4, 4, 3))):
        with pytest.raises(UsageError, match="photo 0: expected uint8"):
            painter.draw_photos([given], pose, pose)
    with pytest.raises(UsageError, match="crops: expected 1, found 2"):
        painter.draw_photos([photo(9, 9)], pose, pose, crops=[whole, whole])
    with pytest.raises(UsageError, match="source_joints"):
        painter.draw_photos([photo(9, 9)], np.zeros((2, 18, 2)), pose)
    with pytest.raises(UsageError, match="a pixel or more"):
        Crop(left=0, top=0, height=0, width=3)
