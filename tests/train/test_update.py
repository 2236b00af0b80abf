"""A network is moved down its loss, or, where that is not finite, not at all."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.amp import GradScaler

from train.update import scaler_for, update_network
from train.world import OneProcess

ALONE = OneProcess(torch.device("cpu"))

SCALERS = pytest.mark.parametrize("on_device", [False, True], ids=["host", "device"])
LIMITS = pytest.mark.parametrize("clip_norm", [0.0, 1.0])


def network_and_adam(on_device: bool) -> tuple[torch.nn.Linear, torch.optim.Adam]:
    torch.manual_seed(2)
    network = torch.nn.Linear(3, 2, bias=False)
    return network, torch.optim.Adam(network.parameters(), lr=0.1, fused=on_device)


def scaler(on_device: bool) -> GradScaler | None:
    return scaler_for(torch.device("cpu")) if on_device else None


class Given(torch.autograd.Function):
    """A scalar of a given value with a given gradient."""

    @staticmethod
    def forward(ctx, weight, value, gradient):  # type: ignore[no-untyped-def]
        ctx.gradient = gradient
        return weight.new_tensor(value)

    @staticmethod
    def backward(ctx, upstream):  # type: ignore[no-untyped-def]
        return ctx.gradient * upstream, None, None


def gradient_with(*bad: float) -> Tensor:
    gradient = torch.ones(2, 3)
    gradient[1, : len(bad)] = torch.tensor(bad)
    return gradient


FAULTS = {
    "infinite loss": (torch.inf, gradient_with()),
    "loss is no number": (torch.nan, gradient_with()),
    "infinite gradient": (1.0, gradient_with(torch.inf)),
    "gradient is no number": (1.0, gradient_with(torch.nan)),
    "norm overflows": (1.0, gradient_with(3e38, 3e38)),
}


@pytest.mark.parametrize(("value", "gradient"), FAULTS.values(), ids=list(FAULTS))
@LIMITS
@SCALERS
def test_nothing_moves_where_loss_or_gradient_are_not_finite(
    on_device: bool, clip_norm: float, value: float, gradient: Tensor
) -> None:
    network, adam = network_and_adam(on_device)
    how = {"clip_norm": clip_norm, "scaler": scaler(on_device), "world": ALONE}
    update_network(network, adam, Given.apply(network.weight, 1.0, gradient_with()), **how)
    before = [
        network.weight.detach().clone(),
        *map(torch.clone, adam.state[network.weight].values()),
    ]

    loss = Given.apply(network.weight, value, gradient)
    _, finite = update_network(network, adam, loss, **how)
    after = [network.weight.detach(), *adam.state[network.weight].values()]
    assert not finite
    assert all(map(torch.equal, before, after))

    loss = Given.apply(network.weight, 1.0, gradient_with())
    norm, finite = update_network(network, adam, loss, **how)
    assert finite and norm == pytest.approx(6**0.5)
    assert not any(map(torch.equal, before, after))


@LIMITS
def test_host_and_device_move_a_network_alike(clip_norm: float) -> None:
    weights = []
    for on_device in (False, True):
        network, adam = network_and_adam(on_device)
        how = {"clip_norm": clip_norm, "scaler": scaler(on_device), "world": ALONE}
        for value in (1.0, 3.0, torch.nan, 2.0):
            loss = Given.apply(network.weight, value, gradient_with(-7.0, 0.5))
            norm, finite = update_network(network, adam, loss, **how)
            assert bool(finite) == (value == value)
        left = torch.linalg.vector_norm(network.weight.grad)
        assert float(left) == pytest.approx(clip_norm or float(norm), rel=1e-4)
        weights.append(network.weight.detach())
    torch.testing.assert_close(*weights, rtol=1e-6, atol=1e-7)
