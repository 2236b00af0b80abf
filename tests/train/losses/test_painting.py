"""The share that a generator of layers paints although it could copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from guides import random_guidance

from shared.errors import UsageError
from train.losses.painting import painted_share
from train.losses.terms import TERMS
from train.nets.generators import make_generator
from train.nets.layer_generator import COPYABLE, OWN_SHARE
from train.nets.layer_stack import NUM_LAYERS, OWN, layer_stack
from train.nets.layers import Selection, shares
from train.nets.stable_maps import stable_maps
from train.settings.networks import GeneratorSettings
from train.settings.presets import resolve

SIZE = (64, 48)


def test_it_is_what_loops_over_pixels_say() -> None:
    rng = np.random.default_rng(0)
    own, free = rng.random((2, 5, 4)), rng.random((2, 5, 4))
    shares_of = []
    for image in range(2):
        total = sum(own[image][at] * free[image][at] for at in np.ndindex(5, 4))
        shares_of.append(total / sum(free[image][at] for at in np.ndindex(5, 4)))
    expected = sum(shares_of) / 2  # of each image by itself: ranks with parts of a batch agree
    found = painted_share(torch.from_numpy(own), torch.from_numpy(free))
    assert float(found) == pytest.approx(expected)


def test_nothing_to_copy_costs_nothing() -> None:
    own = torch.ones(1, 4, 4, requires_grad=True)
    cost = painted_share(own, torch.zeros(1, 4, 4))
    cost.backward()
    assert cost == 0 and not own.grad.any()


def drawn(own_logit: float) -> dict[str, torch.Tensor]:
    images, guidance = random_guidance(np.random.default_rng(2), SIZE)
    torch.manual_seed(0)
    settings = GeneratorSettings(
        skips="layers", base_channels=4, image_size=SIZE, own_logit=own_logit
    )
    return dict(make_generator(settings)(images, guidance).extras)


def test_the_generator_hands_over_what_it_paints_and_where_it_could_copy() -> None:
    images, guidance = random_guidance(np.random.default_rng(2), SIZE)
    pair = guidance.source_joints, guidance.target_joints
    stack = layer_stack(images, *pair, *stable_maps(*pair), image_size=SIZE)
    extras = drawn(-3.0)
    expected = (stack.masks * stack.bodies * stack.seen).amax(dim=1)
    torch.testing.assert_close(extras[COPYABLE], expected)
    assert not extras[COPYABLE].requires_grad and extras[OWN_SHARE].requires_grad
    silent = Selection(logits=torch.zeros(2, NUM_LAYERS, *SIZE), colour=torch.zeros(2, 3, *SIZE))
    before = shares(stack, silent)[:, OWN]
    assert (extras[OWN_SHARE] - before).mean() < -0.01  # three logits less than the prior's


def test_the_cost_makes_it_copy() -> None:
    images, guidance = random_guidance(np.random.default_rng(2), SIZE)
    torch.manual_seed(0)
    net = make_generator(GeneratorSettings(skips="layers", base_channels=4, image_size=SIZE))
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    costs = []
    for _ in range(30):
        extras = net(images, guidance).extras
        cost = painted_share(extras[OWN_SHARE], extras[COPYABLE])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(float(cost.detach()))
    assert costs[-1] < 0.2 * costs[0]


@pytest.mark.parametrize("skips", ["parts", "none", "flow"])
def test_a_weight_without_layers_is_refused(skips: str) -> None:
    with pytest.raises(UsageError, match=r"loss\.painting_weight: expected 0 without layers") as e:
        resolve("dsc", {"generator": {"skips": skips}, "loss": {"painting_weight": 0.1}})
    assert "\n" not in e.value.message


def test_a_weight_with_layers_is_taken() -> None:
    settings = resolve("demo", {"loss": {"painting_weight": 7.0}})
    assert TERMS["painting"].weight(settings.loss) == 7.0
