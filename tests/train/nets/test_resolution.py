"""Drawing at a photo's own size: the plain picture at the network's, exact samples at others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import random_guidance
from torch import Tensor, nn

from train.nets.generators import make_generator
from train.nets.guidance import Guidance
from train.nets.layer_generator import LayerGenerator
from train.nets.layer_stack import BACKDROP, NUM_LAYERS, OWN
from train.nets.layers import LayerNetwork, Selection
from train.nets.resizing import resized
from train.nets.resolution import draw_at
from train.settings.networks import GeneratorSettings

SIZES = [(64, 48), (128, 64), (64, 96), (48, 48)]


class Constant(nn.Module):
    """A network that selects one layer everywhere, whatever it sees."""

    def __init__(self, layer: int, colour: float = 0.25) -> None:
        super().__init__()
        self.layer, self.colour = layer, colour

    def forward(self, stack: object, source_image: Tensor, target_pose: Tensor) -> Selection:
        batch, _, height, width = target_pose.shape
        logits = torch.zeros(batch, NUM_LAYERS, height, width, dtype=source_image.dtype)
        logits[:, self.layer] = 1e4
        colour = torch.full((batch, 3, height, width), self.colour, dtype=source_image.dtype)
        return Selection(logits=logits, colour=colour)


def generator(size: tuple[int, int], **given: object) -> LayerGenerator:
    torch.manual_seed(0)
    settings = GeneratorSettings(
        skips="layers",
        base_channels=4,
        image_size=size,
        **given,  # type: ignore[arg-type]
    )
    made = make_generator(settings)
    assert isinstance(made, LayerGenerator)
    return made.eval()


def drawn(layer: int, photo: Tensor, guidance: Guidance, size: tuple[int, int]) -> Tensor:
    transforms, status = generator(guidance.image_size).prepare(guidance)
    network: LayerNetwork = Constant(layer)  # type: ignore[assignment]
    return draw_at(
        network,
        photo,
        source_joints=guidance.source_joints,
        target_joints=guidance.target_joints,
        target_pose=guidance.target_pose,
        transforms=transforms,
        status=status,
        size=size,
    )[0]


def bilinear(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    """Sample (3, h, w) at a point, its border repeated."""
    height, width = picture.shape[1:]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    tx, ty = x - x0, y - y0
    upper = (1 - tx) * picture[:, y0, x0] + tx * picture[:, y0, x1]
    lower = (1 - tx) * picture[:, y1, x0] + tx * picture[:, y1, x1]
    return (1 - ty) * upper + ty * lower


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("background", ["none", "target"])
def test_at_the_networks_size_it_is_the_plain_picture_bit_for_bit(
    size: tuple[int, int], background: str
) -> None:
    from dataclasses import replace

    from train.nets.background import background_of

    images, guidance = random_guidance(np.random.default_rng(0), size)
    net = generator(size, background=background)
    if background == "target":
        behind = background_of(images, guidance.source_joints, size)
        guidance = replace(guidance, background=behind)
    plain, pasted = net.draw_at(images, guidance, size)
    assert torch.equal(plain, net(images, guidance).image)
    assert not torch.equal(plain, pasted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("times", [(2, 2), (3, 2)])
def test_a_constant_selection_samples_the_photo_bilinearly_at_any_size(
    size: tuple[int, int], times: tuple[int, int]
) -> None:
    rng = np.random.default_rng(1)
    _, guidance = random_guidance(rng, size)
    large = times[0] * size[0], times[1] * size[1]
    photo = torch.tensor(rng.uniform(-1, 1, (2, 3, *large)), dtype=torch.float32)
    transforms, status = generator(size).prepare(guidance)
    checked = 0
    for part in range(BACKDROP):
        found = drawn(part, photo, guidance, large)
        for sample in range(2):
            if not status[sample, part]:
                continue
            matrix = transforms[sample, part].double().numpy()
            for row, column in rng.integers(0, large, (12, 2)):
                target = [(column + 0.5) / times[1] - 0.5, (row + 0.5) / times[0] - 0.5, 1.0]
                x, y = matrix @ target
                x, y = (x + 0.5) * times[1] - 0.5, (y + 0.5) * times[0] - 0.5
                expected = bilinear(photo[sample].double().numpy(), x, y)
                got = found[sample, :, row, column].numpy()
                # Noise changes by up to 2 a pixel, and float32 knows a place to some 1e-4 px.
                np.testing.assert_allclose(got, expected, atol=4e-3)
                checked += 1
    assert checked > 100


def test_the_networks_own_colour_is_constant_where_it_is_constant() -> None:
    photo, guidance = random_guidance(np.random.default_rng(2), (64, 48))
    found = drawn(OWN, resized(photo, (128, 96)), guidance, (128, 96))
    torch.testing.assert_close(found, torch.full_like(found, 0.25))
