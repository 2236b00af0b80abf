"""Who wins where parts bring equal values, in values and gradients; and who decides on sampling."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from shared.geometry import mask_quads
from train.nets.generator import Generator
from train.nets.guidance import Guidance
from train.nets.warp import WarpPlan, build_warp_plan, warp_parts
from train.settings.networks import GeneratorSettings

SIZE = (16, 8)


def shifted_parts(shifts: dict[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Parts that cover the whole image and read it so many pixels further right."""
    transforms = torch.eye(2, 3).expand(1, 10, 2, 3).clone()
    status = torch.zeros(1, 10, dtype=torch.uint8)
    quads = torch.full((1, 10, 4, 2), torch.nan)
    for part, shift in shifts.items():
        transforms[0, part, 0, 2] = shift
        status[0, part] = 1
        quads[0, part] = torch.tensor(mask_quads(torch.full((18, 2), torch.nan).numpy(), SIZE)[0])
    return transforms, status, quads


def plan_of(shifts: dict[int, int], **how: object) -> WarpPlan:
    return build_warp_plan(*shifted_parts(shifts), SIZE, SIZE, **how)


def gradient(features: Tensor, plan: WarpPlan) -> Tensor:
    features = features.clone().requires_grad_()
    warp_parts(features, plan).sum().backward()
    assert features.grad is not None
    return features.grad


@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("fidelity", [False, True])
@pytest.mark.parametrize("parts", [(0, 3), (2, 4), (0, 1, 2), (2, 5, 9)])
def test_on_a_tie_the_earlier_part_wins(
    parts: tuple[int, ...], fidelity: bool, sampling: str
) -> None:
    # Every pixel is 1, so where several parts see the image they tie. The first reads its own
    # pixel and is everywhere: it alone may receive the gradient.
    shifts = {part: 2 * number for number, part in enumerate(parts)}
    plan = plan_of(shifts, fidelity=fidelity, sampling=sampling)
    features = torch.ones(1, 3, *SIZE)
    assert torch.equal(warp_parts(features, plan), features)
    assert torch.equal(gradient(features, plan), torch.ones(1, 3, *SIZE))


def test_where_the_earlier_part_sees_nothing_the_next_one_wins_the_tie() -> None:
    plan = plan_of({0: 3, 4: 1, 7: -2})
    columns = gradient(torch.ones(1, 1, *SIZE), plan)[0, 0, 0]
    # Target columns 0 to 4 read 3 to 7 by part 0; 5 and 6 read 6 and 7 by part 4; 7 reads 5.
    assert columns.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]


def test_a_later_part_wins_by_any_larger_value() -> None:
    features = torch.ones(1, 1, *SIZE)
    features[..., 5] += 2**-20
    found = gradient(features, plan_of({0: 0, 3: 1}))[0, 0, 0]
    assert found.tolist() == [1, 1, 1, 1, 0, 2, 1, 1]


def test_a_part_wins_over_a_masked_zero() -> None:
    plan = plan_of({0: 0, 3: 2}, fidelity=True)
    features = torch.zeros(1, 2, *SIZE)
    assert torch.equal(gradient(features, plan), torch.ones(1, 2, *SIZE))


def test_ten_parts_that_tie_leave_all_to_the_first() -> None:
    plan = plan_of(dict.fromkeys(range(1, 10), 1) | {0: 0}, fidelity=True)
    found = gradient(torch.full((1, 1, *SIZE), -1.0), plan)[0, 0, 0]
    # In the last column only the first part sees the image, so there zero takes part and wins.
    assert found.tolist() == [1, 1, 1, 1, 1, 1, 1, 0]


SETTINGS = GeneratorSettings(base_channels=2, image_size=(32, 16), norm="instance")
WARPS = {
    "sampling": ("nearest", "bilinear"),
    "fidelity": (True, False),
    "aggregation": ("max", "mean"),
}


def drawn(settings: GeneratorSettings) -> Tensor:
    torch.manual_seed(0)
    generator = Generator(settings).eval()
    size = settings.image_size
    transforms, status, quads = shifted_parts({0: 0, 4: 1})
    quads[0, [0, 4]] = torch.tensor(mask_quads(torch.full((18, 2), torch.nan).numpy(), size)[0])
    transforms[0, 4] = torch.tensor([[0.9, 0.1, 0.4], [-0.1, 1.1, 0.3]])
    random = torch.Generator().manual_seed(1)
    image, *poses = [torch.randn(1, channels, *size, generator=random) for channels in (3, 18, 18)]
    with torch.no_grad():
        return generator(image, guidance_of(transforms, status, quads, *poses)).image


def guidance_of(
    transforms: Tensor, status: Tensor, quads: Tensor, source_pose: Tensor, target_pose: Tensor
) -> Guidance:
    return Guidance(
        source_joints=torch.zeros(1, 18, 2),
        target_joints=torch.zeros(1, 18, 2),
        source_pose=source_pose,
        target_pose=target_pose,
        transforms=transforms,
        status=status,
        quads=quads,
        background=source_pose[:, :0],
    )


@pytest.mark.parametrize("setting", WARPS)
def test_the_generator_warps_as_its_settings_say(setting: str) -> None:
    first, second = (drawn(replace(SETTINGS, **{setting: choice})) for choice in WARPS[setting])
    assert not torch.allclose(first, second, atol=1e-4)


@pytest.mark.parametrize("sampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("fidelity", [True, False])
def test_the_generator_s_plans_are_those_of_its_settings(sampling: str, fidelity: bool) -> None:
    settings = replace(SETTINGS, sampling=sampling, fidelity=fidelity)
    transforms, status, quads = shifted_parts({0: 0, 4: 1})
    transforms[0, 4, 0, 2] = 0.4
    poses = [torch.zeros(1, 18, *settings.image_size)] * 2
    plans = Generator(settings).prepare(guidance_of(transforms, status, quads, *poses))
    assert len(plans) == 4
    for plan, level in zip(plans, settings.level_sizes, strict=False):
        own = build_warp_plan(
            transforms, status, quads, (32, 16), level, sampling=sampling, fidelity=fidelity
        )
        features = torch.randn(1, 2, *level)
        assert torch.equal(warp_parts(features, plan), warp_parts(features, own))
        assert (plan.first.weights is not None) == (sampling == "bilinear")
        assert plan.with_zeros == fidelity
