"""The generator of layers behind the seam that all generators share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from shared.stable_fit import stable_transforms
from train.nets.generators import make_generator
from train.nets.layer_generator import COPYABLE, OWN_SHARE, LayerGenerator
from train.nets.layer_stack import layer_stack
from train.nets.patch_discriminator import FIELD_PX, PatchDiscriminator
from train.settings.networks import DiscriminatorSettings, GeneratorSettings

SIZE = (64, 48)


def settings(**given: object) -> GeneratorSettings:
    return GeneratorSettings(
        **{"skips": "layers", "base_channels": 4, "image_size": SIZE} | given  # type: ignore[arg-type]
    )


def generator(**given: object) -> LayerGenerator:
    torch.manual_seed(0)
    made = make_generator(settings(**given))
    assert isinstance(made, LayerGenerator)
    return made


@pytest.mark.parametrize("size", [(64, 48), (128, 64), (256, 256)])
def test_it_draws_images_of_its_size(size: tuple[int, int]) -> None:
    images, guidance = random_guidance(np.random.default_rng(0), size)
    drawing = generator(image_size=size)(images, guidance)
    assert drawing.image.shape == images.shape
    assert drawing.image.abs().max() <= 1 + 1e-5
    assert set(drawing.extras) == {OWN_SHARE, COPYABLE}


def test_prepared_ahead_is_prepared_inside() -> None:
    images, guidance = random_guidance(np.random.default_rng(1), SIZE)
    net = generator().eval()
    ahead = net(images, guidance, net.prepare(guidance)).image
    torch.testing.assert_close(net(images, guidance).image, ahead, atol=0, rtol=0)


def test_parts_are_fitted_from_the_target_to_the_source() -> None:
    _, guidance = random_guidance(np.random.default_rng(1), SIZE, batch=6)
    source, target = (
        joints.double().numpy() for joints in (guidance.source_joints, guidance.target_joints)
    )
    expected, expected_status = stable_transforms(source, target)
    transforms, status = generator().prepare(guidance)
    np.testing.assert_array_equal(status.numpy(), expected_status)
    known = expected_status > 0
    middle = np.array([SIZE[1] / 2, SIZE[0] / 2, 1])
    found = transforms.double().numpy()[known] @ middle
    np.testing.assert_allclose(found, expected[known] @ middle, atol=0.05)


def test_what_was_prepared_is_what_is_drawn() -> None:
    images, guidance = random_guidance(np.random.default_rng(1), SIZE)
    net = generator().eval()
    transforms, status = net.prepare(guidance)
    nothing = net(images, guidance, (transforms, torch.zeros_like(status))).image
    assert not torch.allclose(nothing, net(images, guidance).image)


def test_the_source_s_pixels_come_by_the_source_s_joints() -> None:
    images, guidance = random_guidance(np.random.default_rng(1), SIZE)
    net, seen = generator().eval(), []
    net.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    net(images, guidance)
    stack, source_image, pose = seen[0]
    joints = guidance.source_joints, guidance.target_joints
    expected = layer_stack(images, *joints, *net.prepare(guidance), image_size=SIZE)
    torch.testing.assert_close(stack.prior, expected.prior)
    torch.testing.assert_close(stack.bodies, expected.bodies)
    assert source_image is images and pose is guidance.target_pose


def test_transforms_of_the_shards_are_left_to_others() -> None:
    images, guidance = random_guidance(np.random.default_rng(2), SIZE)
    other = replace(guidance, transforms=torch.zeros_like(guidance.transforms))
    net = generator().eval()
    torch.testing.assert_close(net(images, guidance).image, net(images, other).image)


def test_every_parameter_gets_a_gradient_with_and_without_attention() -> None:
    images, guidance = random_guidance(np.random.default_rng(3), SIZE)
    counts = []
    for heads in (0, 4):
        net = generator(attention_heads=heads)
        net(images, guidance).image.square().mean().backward()
        assert all(p.grad is not None and p.grad.any() for p in net.parameters())
        counts.append(sum(p.numel() for p in net.parameters()))
    assert counts[0] < counts[1]


def test_the_demo_network_has_fewer_than_one_and_a_half_million_parameters() -> None:
    net = generator(base_channels=32, image_size=(128, 64))
    assert 1e6 < sum(p.numel() for p in net.parameters()) < 1.5e6


def test_images_of_another_size_and_uneven_heads_are_refused() -> None:
    images, guidance = random_guidance(np.random.default_rng(4), (128, 64))
    with pytest.raises(UsageError, match="images of"):
        generator()(images, guidance)
    with pytest.raises(UsageError, match="attention_heads"):
        settings(attention_heads=3)


def test_drawing_is_the_same_every_time_and_for_every_batch() -> None:
    images, guidance = random_guidance(np.random.default_rng(5), SIZE, batch=3)
    net = generator().eval()
    drawn = net(images, guidance).image
    torch.testing.assert_close(net(images, guidance).image, drawn, atol=0, rtol=0)
    last = type(guidance)(**{name: value[2:] for name, value in vars(guidance).items()})
    torch.testing.assert_close(net(images[2:], last).image, drawn[2:], atol=1e-5, rtol=1e-5)


def patch(**given: bool) -> PatchDiscriminator:
    torch.manual_seed(1)
    kind = DiscriminatorSettings(kind="patch", base_channels=4, **given)
    return PatchDiscriminator(kind).eval()


def test_a_judgement_sees_no_further_than_its_field() -> None:
    images, guidance = random_guidance(np.random.default_rng(6), (128, 96))
    net = patch()
    images.requires_grad_(True)
    logits = net(images, images.detach(), guidance)
    assert logits.shape == (2, 1, 16, 12)
    logits[0, 0, 8, 6].backward()
    rows, columns = images.grad[0].abs().sum(dim=0).nonzero().unbind(dim=1)
    assert rows.max() - rows.min() + 1 == FIELD_PX
    assert columns.max() - columns.min() + 1 == FIELD_PX
    assert not images.grad[1].any()


def test_spectral_norm_holds_the_largest_singular_value_at_one() -> None:
    net = patch().train()
    images, guidance = random_guidance(np.random.default_rng(7), SIZE)
    for layer in net.layers:
        torch.nn.init.normal_(layer.parametrizations.weight.original)
    for _ in range(60):
        net(images, images, guidance)
    for layer in net.layers:
        largest = torch.linalg.svdvals(layer.weight.flatten(1))[0]
        assert largest.item() == pytest.approx(1, abs=0.02)


def test_without_spectral_norm_the_weights_are_as_they_learn() -> None:
    net = patch(spectral=False).train()
    for layer in net.layers:
        torch.nn.init.normal_(layer.weight)
    before = [layer.weight.detach().clone() for layer in net.layers]
    images, guidance = random_guidance(np.random.default_rng(7), SIZE)
    net(images, images, guidance)
    assert all(map(torch.equal, before, [layer.weight for layer in net.layers]))
    assert not any(hasattr(layer, "parametrizations") for layer in net.layers)


def test_discriminator_looks_at_the_pose() -> None:
    images, guidance = random_guidance(np.random.default_rng(8), SIZE)
    net = patch()
    other = replace(guidance, target_pose=torch.zeros_like(guidance.target_pose))
    assert not torch.equal(net(images, images, guidance), net(images, images, other))
    torch.testing.assert_close(
        net(images, images, guidance), net(images, torch.zeros_like(images), guidance)
    )
