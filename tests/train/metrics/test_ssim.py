"""SSIM against scikit-image: every protocol, every kind of picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_pictures import person_image, smooth_image
from skimage.metrics import structural_similarity
from torch import Tensor

from shared.errors import UsageError
from train.metrics.compared import Compared
from train.metrics.protocols import SSIM_PROTOCOLS
from train.metrics.ssim import fits, ssim, ssim_by_place, ssim_by_protocol, ssim_of_pairs

SIZES = ((128, 64), (64, 128), (61, 97))


def reference(generated: np.ndarray, real: np.ndarray, protocol: str) -> float:
    """The protocol in scikit-image's words, as the papers' code calls it."""
    own = int(generated.max()) - int(generated.min()) or 255
    gaussian = {"gaussian_weights": True, "use_sample_covariance": False}
    options = {
        "pose-gan": {**gaussian, "sigma": 1.5, "data_range": own},
        "range255": {**gaussian, "sigma": 1.5, "data_range": 255},
        "pidm": {**gaussian, "sigma": 1.2, "data_range": own},
        "pg2": {},
        "gfla": {"win_size": 51, "data_range": 1},
    }[protocol]
    if protocol == "gfla":
        generated, real = generated / 255, real / 255
    return float(structural_similarity(real, generated, channel_axis=-1, **options))


def check(generated: np.ndarray, real: np.ndarray, protocols: tuple[str, ...]) -> None:
    found = ssim_by_protocol(torch.from_numpy(generated), torch.from_numpy(real), protocols)
    for protocol in protocols:
        expected = [reference(a, b, protocol) for a, b in zip(generated, real, strict=True)]
        np.testing.assert_allclose(found[protocol].numpy(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["random", "smooth", "person", "dark", "flat", "one flat"])
def test_equals_skimage(kind: str, size: tuple[int, int], rng: np.random.Generator) -> None:
    make = {
        "random": lambda: rng.integers(0, 256, (*size, 3), dtype=np.uint8),
        "smooth": lambda: smooth_image(rng, size),
        "person": lambda: person_image(rng, size),
        "dark": lambda: rng.integers(0, 4, (*size, 3), dtype=np.uint8),
        "flat": lambda: np.full((*size, 3), rng.integers(0, 256), np.uint8),
        "one flat": lambda: smooth_image(rng, size),
    }[kind]
    generated, real = (np.stack([make() for _ in range(3)]) for _ in range(2))
    if kind == "one flat":
        generated[:] = 200
    check(generated, real, tuple(SSIM_PROTOCOLS))


def test_equals_skimage_on_a_dark_image_beside_a_bright_one(rng: np.random.Generator) -> None:
    generated = rng.integers(0, 2, (2, 70, 60, 3), dtype=np.uint8)
    real = rng.integers(253, 256, (2, 70, 60, 3), dtype=np.uint8)
    check(generated, real, tuple(SSIM_PROTOCOLS))


@pytest.mark.parametrize("protocol", list(SSIM_PROTOCOLS))
def test_equals_skimage_on_the_smallest_image_that_holds_the_window(
    protocol: str, rng: np.random.Generator
) -> None:
    side = SSIM_PROTOCOLS[protocol].window.size
    shape = (2, side, side + 3, 3)
    generated, real = (rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(2))
    check(generated, real, (protocol,))


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(11, 30),
    width=st.integers(11, 30),
    low=st.integers(0, 255),
    span=st.integers(0, 255),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_skimage_on_any_small_image(
    height: int, width: int, low: int, span: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    generated = rng.integers(low, min(low + span, 255) + 1, (1, height, width, 3)).astype(np.uint8)
    real = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    check(generated, real, ("pose-gan", "range255", "pg2", "pidm"))


def test_a_protocol_alone_gives_what_it_gives_among_others(rng: np.random.Generator) -> None:
    generated, real = (
        torch.from_numpy(rng.integers(0, 256, (3, 60, 55, 3), dtype=np.uint8)) for _ in range(2)
    )
    together = ssim_by_protocol(generated, real, SSIM_PROTOCOLS)
    for protocol, values in together.items():
        assert torch.equal(values, ssim(generated, real, protocol))


def test_the_data_range_is_that_of_the_generated_image(rng: np.random.Generator) -> None:
    narrow = torch.from_numpy(rng.integers(100, 140, (1, 40, 30, 3), dtype=np.uint8))
    wide = torch.from_numpy(rng.integers(0, 256, (1, 40, 30, 3), dtype=np.uint8))
    assert not torch.allclose(ssim(narrow, wide), ssim(wide, narrow))


def test_an_image_against_itself_is_1(rng: np.random.Generator) -> None:
    images = torch.from_numpy(rng.integers(0, 256, (2, 60, 55, 3), dtype=np.uint8))
    for values in ssim_by_protocol(images, images, SSIM_PROTOCOLS).values():
        np.testing.assert_allclose(values.numpy(), 1, rtol=0, atol=1e-12)


def test_no_images_give_no_values() -> None:
    none = torch.zeros((0, 60, 55, 3), dtype=torch.uint8)
    sides = ssim_by_place(none, none, torch.zeros((0, 60, 55), dtype=torch.bool))
    for values in (ssim(none, none), *sides):
        assert values.shape == (0,) and values.dtype == torch.float64


@pytest.mark.parametrize("protocol", list(SSIM_PROTOCOLS))
def test_an_image_smaller_than_the_window_is_one_clear_line(protocol: str) -> None:
    side = SSIM_PROTOCOLS[protocol].window.size
    small = torch.zeros((1, side, side - 1, 3), dtype=torch.uint8)
    with pytest.raises(UsageError) as refused:
        ssim(small, small, protocol)
    assert refused.value.message == (
        f"SSIM {protocol}: expected images of at least {side} x {side} pixels, its window, "
        f"found {side} x {side - 1} (height x width); leave this protocol out"
    )


IMAGES = torch.zeros((2, 20, 30, 3), dtype=torch.uint8)
UINT8 = "expected uint8 of shape (n, height, width, 3), found"


@pytest.mark.parametrize(
    ("generated", "real", "line"),
    [
        (IMAGES, IMAGES[:1], "generated and real images: expected equal shapes, (1, 20, 30, 3), "
         "found (2, 20, 30, 3); compare images of one size"),
        (IMAGES.float(), IMAGES,
         f"generated images: {UINT8} torch.float32 (2, 20, 30, 3); convert them"),
        (IMAGES, IMAGES.permute(0, 3, 1, 2),
         f"real images: {UINT8} torch.uint8 (2, 3, 20, 30); convert them"),
        (IMAGES[0], IMAGES, f"generated images: {UINT8} torch.uint8 (20, 30, 3); convert them"),
    ],
)  # fmt: skip
def test_wrong_shapes_and_types_are_refused(generated: Tensor, real: Tensor, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        ssim(generated, real)
    assert refused.value.message == line


def test_an_unknown_protocol_is_told_beside_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        ssim(IMAGES, IMAGES, "posegan")
    assert refused.value.message == (
        f"SSIM protocol: expected one of {', '.join(SSIM_PROTOCOLS)}, found posegan; "
        "choose one of them"
    )


@pytest.mark.parametrize("at_once", [2, 3, 50])
def test_values_do_not_depend_on_how_many_images_are_taken_at_once(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    spans = np.array([20, 90, 0, 255, 140]).reshape(5, 1, 1, 1)
    darkest = np.array([7, 100, 9, 0, 40]).reshape(5, 1, 1, 1)
    pictures = rng.integers(darkest, darkest + spans + 1, (2, 5, 24, 17, 3))
    generated, real = pictures.astype(np.uint8)
    pair = torch.from_numpy(generated), torch.from_numpy(real)
    masks = torch.from_numpy(rng.random((5, 24, 17)) < 0.5)
    names = ("pose-gan", "range255", "pg2")
    one_by_one = ssim_by_protocol(*pair, names), ssim_by_place(*pair, masks)
    monkeypatch.setattr("train.metrics.ssim.CPU_IMAGES_AT_ONCE", at_once)
    together = ssim_by_protocol(*pair, names), ssim_by_place(*pair, masks)
    torch.testing.assert_close(together, one_by_one, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("device", "others"), [("cpu", "GPU"), ("meta", "CPU")])
def test_a_device_takes_its_own_number_of_images_at_once(
    monkeypatch: pytest.MonkeyPatch, device: str, others: str
) -> None:
    monkeypatch.setattr(f"train.metrics.ssim.{others}_IMAGES_AT_ONCE", 0)  # stops who takes it
    images = IMAGES.to(device)
    assert ssim(images, images).shape == (2,)


def test_scores_of_pairs_share_what_the_first_of_them_computed() -> None:
    images, real = torch.stack([IMAGES, IMAGES])
    seen = Compared(images=images, real=real, protocols={"ssim": ("pose-gan", "range255")})
    assert ssim_of_pairs(seen, "pose-gan").tolist() == [1, 1]
    real += 90  # what was computed is not computed again
    assert ssim_of_pairs(seen, "range255").tolist() == [1, 1]
    alone = Compared(images=images, real=real)
    assert (ssim_of_pairs(alone, "range255") < 0.1).all()


@pytest.mark.gpu
def test_the_gpu_gives_what_the_cpu_gives(rng: np.random.Generator) -> None:
    generated, real = (
        torch.from_numpy(rng.integers(0, 256, (3, 90, 61, 3), dtype=np.uint8)) for _ in range(2)
    )
    on_gpu = ssim_by_protocol(generated.cuda(), real.cuda(), SSIM_PROTOCOLS)
    for protocol, values in ssim_by_protocol(generated, real, SSIM_PROTOCOLS).items():
        np.testing.assert_allclose(on_gpu[protocol].cpu().numpy(), values.numpy(), atol=1e-10)


@pytest.mark.parametrize("protocol", list(SSIM_PROTOCOLS))
def test_a_window_fits_into_images_of_its_own_size_and_larger(protocol: str) -> None:
    side = SSIM_PROTOCOLS[protocol].window.size
    assert fits((side, side + 9), protocol) and fits((side + 9, side), protocol)
    assert not fits((side - 1, side + 9), protocol) and not fits((side + 9, side - 1), protocol)
