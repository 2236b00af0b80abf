"""Muon: orthogonalisation against the singular value decomposition, Adam against torch's."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from shared.errors import DamagedError
from train.muon import Muon, is_matrix, orthogonalised
from train.settings.presets import resolve
from train.state import TrainState


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (16, 16)])
def test_singular_values_come_near_to_one_and_directions_stay(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape, dtype=torch.float64)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = left.mT @ orthogonalised(matrix) @ right.mT
    values = found.diagonal()
    assert values.min() > 0.6
    assert values.max() < 1.25
    assert (found - values.diag()).abs().max() < 1e-9


def test_gram_form_is_the_plain_iteration() -> None:
    torch.manual_seed(1)
    matrix = torch.randn(18, 70) * torch.logspace(0, -3, 18)[:, None]
    a, b, c = 3.4445, -4.7750, 2.0315  # of the published optimizer
    plain = matrix / matrix.norm()
    for _ in range(5):
        gram = plain @ plain.mT
        plain = a * plain + (b * gram + c * gram @ gram) @ plain
    torch.testing.assert_close(orthogonalised(matrix), plain, atol=2e-5, rtol=0)


def test_zero_stays_zero() -> None:
    assert not orthogonalised(torch.zeros(4, 6)).any()


def test_inner_convolutions_are_matrices_and_the_rest_is_not() -> None:
    inner, first, point = nn.Conv2d(16, 32, 3), nn.Conv2d(3, 32, 3), nn.Conv2d(32, 32, 1)
    assert is_matrix(inner.weight)
    assert not any(is_matrix(p) for p in (first.weight, point.weight, inner.bias))


def test_rest_moves_as_torchs_adam_moves_it() -> None:
    torch.manual_seed(2)
    mine = nn.Linear(5, 3)
    theirs = nn.Linear(5, 3)
    theirs.load_state_dict(mine.state_dict())
    optimizers = [
        Muon(mine.parameters(), 0.01, (0.5, 0.99)),
        torch.optim.Adam(theirs.parameters(), 0.01, betas=(0.5, 0.99)),
    ]
    for _ in range(7):
        inputs = torch.randn(4, 5)
        for network, optimizer in zip((mine, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(inputs).square().sum().backward()
            optimizer.step()
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_convolution_moves_along_its_orthogonalised_momentum() -> None:
    torch.manual_seed(3)
    layer = nn.Conv2d(16, 40, 3, bias=False)
    optimizer = Muon(layer.parameters(), 0.01, (0.5, 0.99))
    momentum = torch.zeros(40, 144)
    for _ in range(3):
        before = layer.weight.detach().clone()
        gradient = torch.randn_like(layer.weight)
        layer.weight.grad = gradient.clone()
        optimizer.step()
        flat = gradient.reshape(40, 144)
        momentum = 0.9 * momentum + 0.1 * flat
        ahead = 0.1 * flat + 0.9 * momentum
        expected = before - 0.01 * 20 * orthogonalised(ahead).view_as(before)
        torch.testing.assert_close(layer.weight.detach(), expected)


def test_state_survives_saving_and_loading() -> None:
    torch.manual_seed(4)
    networks = [nn.Sequential(nn.Conv2d(16, 16, 3), nn.Conv2d(16, 1, 1)) for _ in range(2)]
    inputs = torch.randn(2, 16, 6, 5)
    optimizers = [Muon(network.parameters(), 0.01, (0.5, 0.99)) for network in networks]

    def step(which: int) -> None:
        optimizers[which].zero_grad()
        networks[which](inputs).square().mean().backward()
        optimizers[which].step()

    step(0)
    networks[1].load_state_dict(networks[0].state_dict())
    optimizers[1].load_state_dict(copy.deepcopy(optimizers[0].state_dict()))
    step(0)
    step(1)
    for a, b in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=0, rtol=0)


def test_what_a_scaler_found_not_finite_moves_nothing() -> None:
    torch.manual_seed(5)
    layer = nn.Conv2d(16, 16, 3)
    optimizer = Muon(layer.parameters(), 0.01, (0.5, 0.99))

    def step(gradient: float, found: float) -> dict[str, torch.Tensor]:
        for parameter in layer.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        optimizer.found_inf = torch.tensor([found])  # type: ignore[attr-defined]
        optimizer.step()
        values = {"weight": layer.weight.detach().clone(), "bias": layer.bias.detach().clone()}
        for number, state in enumerate(optimizer.state.values()):
            values |= {f"{number} {name}": value.clone() for name, value in state.items()}
        return values

    before = step(0.5, 0.0)
    torch.testing.assert_close(step(float("nan"), 1.0), before, atol=0, rtol=0)
    assert not torch.equal(step(0.5, 0.0)["weight"], before["weight"])


def test_a_run_that_muon_moves_goes_on_from_its_checkpoint() -> None:
    settings = resolve(
        "demo", {"generator": {"base_channels": 16}}, {"discriminator": {"base_channels": 4}}
    )
    first, second = (TrainState(settings, torch.device("cpu"), on_device=True) for _ in range(2))
    _move(first, seed=1)
    second.restore(copy.deepcopy(first.content()))
    for state in (first, second):
        _move(state, seed=2)
    for old, new in zip(first.generator.parameters(), second.generator.parameters(), strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize("spoil", ["shape", "name"])
def test_what_muon_did_not_keep_is_refused(spoil: str) -> None:
    settings = resolve(
        "demo", {"generator": {"base_channels": 16}}, {"discriminator": {"base_channels": 4}}
    )
    state = TrainState(settings, torch.device("cpu"), on_device=True)
    _move(state, seed=1)
    content = state.content()
    kept = next(s for s in content["generator_optimizer"]["state"].values() if "momentum" in s)
    value = kept.pop("momentum")
    kept["momentum" if spoil == "shape" else "mean"] = value[:1] if spoil == "shape" else value
    with pytest.raises(DamagedError, match="generator_optimizer"):
        state.restore(content)


def _move(state: TrainState, *, seed: int) -> None:
    torch.manual_seed(seed)
    for parameter in state.generator.parameters():
        parameter.grad = torch.randn_like(parameter)
    state.generator_optimizer.step()


def test_a_tall_convolution_moves_by_the_root_of_its_shape_further() -> None:
    torch.manual_seed(6)
    layer = nn.Conv2d(16, 320, (1, 2), bias=False)  # 320 rows of 32
    before, gradient = layer.weight.detach().clone(), torch.randn_like(layer.weight)
    layer.weight.grad = gradient
    Muon(layer.parameters(), 0.01, (0.5, 0.99)).step()
    way = orthogonalised(gradient.reshape(320, 32)).view_as(before)
    torch.testing.assert_close(layer.weight.detach(), before - 0.01 * 20 * 10**0.5 * way)


def test_sixteen_channels_on_either_side_make_a_matrix() -> None:
    assert is_matrix(nn.Conv2d(16, 16, 3).weight)
    assert not is_matrix(nn.Conv2d(15, 16, 3).weight)
    assert not is_matrix(nn.Conv2d(16, 15, 3).weight)
    assert not is_matrix(nn.Conv2d(1, 16, 3).weight)


def test_tiny_gradients_move_as_far_as_large_ones() -> None:
    layer = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
    layer.weight.grad = torch.full((1, 1), 1e-6)
    Muon(layer.parameters(), 0.01, (0.5, 0.99)).step()
    assert float(layer.weight.detach()) == pytest.approx(-0.01, rel=0.02)


def test_a_step_stays_on_the_device_of_its_parameters_whatever_the_default() -> None:
    torch.manual_seed(8)
    layer, twin = nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3)
    twin.load_state_dict(layer.state_dict())
    gradients = [torch.randn_like(parameter) for parameter in layer.parameters()]
    for network, default in ((layer, "cpu"), (twin, "meta")):
        optimizer = Muon(network.parameters(), 0.01, (0.5, 0.99))
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            parameter.grad = gradient.clone()
        with torch.device(default):
            optimizer.step()
    for one, other in zip(layer.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)


def stepped(network: nn.Module) -> Muon:
    optimizer = Muon(network.parameters(), 0.01, (0.5, 0.99))
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def test_what_is_loaded_lies_on_the_parameters_device() -> None:
    kept = stepped(nn.Conv2d(16, 16, 3)).state_dict()
    other = Muon(nn.Conv2d(16, 16, 3, device="meta").parameters(), 0.01, (0.5, 0.99))
    other.load_state_dict(kept)
    found = [value.device.type for state in other.state.values() for value in state.values()]
    assert found == ["meta"] * 4


def test_who_is_moved_how_does_not_come_from_what_is_loaded() -> None:
    layer = nn.Conv2d(16, 16, 3)
    optimizer = Muon(layer.parameters(), 0.01, (0.5, 0.99))
    kept = optimizer.state_dict()  # of no step yet
    for group in kept["param_groups"]:
        group["orthogonal"] = not group["orthogonal"]
    optimizer.load_state_dict(kept)
    assert [group["orthogonal"] for group in optimizer.param_groups] == [True, False]


def test_a_scaler_lets_muon_itself_skip_what_is_not_finite() -> None:
    layer = nn.Conv2d(16, 16, 3)
    before = copy.deepcopy(layer.state_dict())
    optimizer = Muon(layer.parameters(), 0.01, (0.5, 0.99))
    scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
    scaler.scale(layer(torch.full((1, 16, 4, 5), torch.nan)).sum()).backward()
    scaler.step(optimizer)
    assert len(optimizer.state) == 2  # it was asked, which waits for nothing
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])
