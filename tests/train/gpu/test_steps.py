"""Steps of training on the device: every kind of network, precision, and nothing to wait for."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from drawn_shards import random_arrays
from host_traffic import HostTraffic
from torch import Tensor

from train.data.batch import Batch, make_batch
from train.data.store import Store, store_from
from train.losses.objective import Objective, make_objective
from train.settings.presets import PRESETS, resolve
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import StepReport, draw_batch, train_step

pytestmark = pytest.mark.gpu

CPU = torch.device("cpu")
SIZE = (64, 48)
SMALL: dict[str, Any] = {
    "generator": {"image_size": SIZE, "base_channels": 16},
    "discriminator": {"base_channels": 8},
    "loss": {"features": "pixels"},
    "data": {"batch": 3},
}
STICKMAN = {"generator": {"poses": "stickman"}, "discriminator": {"poses": "stickman"}}
INSTANCE = {"generator": {"norm": "instance"}, "discriminator": {"norm": "instance"}}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    **{preset: (preset, {}) for preset in PRESETS},
    **{
        f"skips {kind}": ("dsc", {"generator": {"skips": kind}})
        for kind in ("full", "stn", "flow", "parts+flow")
    },
    **{
        f"discriminator {kind}": ("dsc", {"discriminator": {"kind": kind}})
        for kind in ("siamese", "warp", "patch")
    },
    "stickman": ("dsc", STICKMAN),
    "instance norm": ("dsc", INSTANCE),
    "bilinear mean": ("dsc", {"generator": {"sampling": "bilinear", "aggregation": "mean"}}),
    "hinge on all losses": (
        "full",
        {"loss": {"adversarial": "hinge", "l1_weight": 1.0, "perceptual_weight": 0.1,
                  "ssim_weight": 1.0, "variation_weight": 0.1}},
    ),
}  # fmt: skip


def settings_of(kind: str) -> TrainSettings:
    preset, layer = KINDS[kind]
    return resolve(preset, SMALL, layer)


@pytest.fixture(scope="module")
def store() -> Store:
    return store_from([random_arrays(1, identities=(2, 3, 4), size=SIZE)])


def drawer(store: Store, settings: TrainSettings, device: torch.device) -> Callable[[], Batch]:
    there, numbers = store.to(device), iter(range(10_000))

    def draw() -> Batch:
        begin = 3 * next(numbers) % (store.num_pairs - 3)
        pairs = torch.arange(begin, begin + 3, device=device)
        mirrored = torch.arange(3, device=device) > 0
        return make_batch(
            there.gather(pairs), mirrored, sigma=6.0, poses=settings.generator.drawn_poses
        )

    return draw


def made(kind: str, device: torch.device) -> tuple[TrainState, Objective]:
    settings = settings_of(kind)
    state = TrainState(settings, device, on_device=True)
    return state, make_objective(settings.loss, None, device)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_moves_both_networks_and_stays_finite(
    kind: str, device: torch.device, store: Store
) -> None:
    state, objective = made(kind, device)
    before = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)
    draw = drawer(store, state.settings, device)
    reports: list[StepReport] = [train_step(state, objective, draw) for _ in range(2)]
    for report in reports:
        assert bool(report.finite)
        figures = (*report.discriminator.values(), *report.generator.values())
        assert all(figure.device.type == device.type for figure in figures)
        assert all(bool(torch.isfinite(figure)) for figure in figures)
    for old, new in zip(before, (state.generator, state.discriminator), strict=True):
        pairs = zip(old.parameters(), new.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs)
    assert state.is_finite()


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_never_waits_for_the_device(kind: str, device: torch.device, store: Store) -> None:
    state, objective = made(kind, device)
    draw = drawer(store, state.settings, device)
    train_step(state, objective, draw)  # constants are made once
    if device.type == "cuda":
        with waiting_is_an_error():
            train_step(state, objective, draw)
        return
    # A CPU takes sparse plans, whose lengths it reads; no other device does.
    with HostTraffic(allowed=("build_warp_plan",)) as traffic:
        train_step(state, objective, draw)
    assert not traffic.found


@contextmanager
def waiting_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it does not see everything
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_the_cpus_and_mixed_precision_is_near(
    kind: str, device: torch.device, store: Store
) -> None:
    state, _ = made(kind, CPU)
    there = copy.deepcopy(state.generator).to(device).eval()
    state.generator.eval()
    with torch.no_grad():
        expected = draw_batch(state.generator, drawer(store, state.settings, CPU)()).image
        batch = drawer(store, state.settings, device)()
        exact = draw_batch(there, batch, exact=True).image.cpu()
        mixed = draw_batch(there, batch).image.cpu()
    # A pixel on a part's border may fall to either side; in half precision selections differ too.
    assert ((exact - expected).abs() > 1 / 127.5).float().mean() < 2e-3
    assert exact.dtype == mixed.dtype == torch.float32
    assert (mixed - exact).abs().mean() < 0.02


def test_the_layers_gradient_is_the_cpus(device: torch.device, store: Store) -> None:
    state, _ = made("demo", CPU)
    slopes = []
    for place in (CPU, device):
        generator = copy.deepcopy(state.generator).to(place)
        batch = drawer(store, state.settings, place)()
        image = draw_batch(generator, batch, exact=True).image
        (image - batch.target_image).square().mean().backward()
        slopes.append(_joined([p.grad for p in generator.parameters()]))
    likeness = torch.nn.functional.cosine_similarity(slopes[0], slopes[1], dim=0)
    assert likeness > 0.999
    assert 0.99 < slopes[0].norm() / slopes[1].norm() < 1.01


def test_losses_of_a_step_are_near_the_cpus(device: torch.device, store: Store) -> None:
    reports = []
    for place in (CPU, device):
        state, objective = made("demo", place)  # no dropout: both draw the same
        reports.append(train_step(state, objective, drawer(store, state.settings, place)))
    for name, value in reports[0].generator.items():
        expected, found = float(value), float(reports[1].generator[name])
        assert found == pytest.approx(expected, rel=0.1, abs=0.05), name


def test_an_infinite_loss_moves_nothing(device: torch.device, store: Store) -> None:
    state, objective = made("demo", device)
    draw = drawer(store, state.settings, device)
    train_step(state, objective, draw)
    kept = [value.clone() for value in _everything(state)]
    spoilt = draw()
    spoilt.target_image.fill_(torch.inf)
    report = train_step(state, objective, lambda: spoilt)
    assert not bool(report.finite)
    for before, after in zip(kept, _everything(state), strict=True):
        assert torch.equal(before, after)


def _everything(state: TrainState) -> list[Tensor]:
    networks = [*state.generator.parameters(), *state.average.parameters()]
    optimizer = state.generator_optimizer.state
    return [*networks, *(value for kept in optimizer.values() for value in kept.values())]


def _joined(slopes: list[Tensor | None]) -> Tensor:
    return torch.cat([slope.flatten().cpu() for slope in slopes if slope is not None])
