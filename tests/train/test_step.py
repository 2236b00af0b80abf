from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_shards import random_arrays
from torch import Tensor
from torch.overrides import TorchFunctionMode

from shared.errors import UsageError
from train.data.batch import Batch, make_batch
from train.data.store import store_from
from train.losses.objective import Objective, make_objective
from train.nets.discriminator import Discriminator
from train.nets.generator import Generator
from train.settings.presets import PRESETS, resolve
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import generate, train_step

pytestmark = pytest.mark.long

CPU = torch.device("cpu")
SMALL = {"base_channels": 2}


def small(preset: str, *layers: dict[str, object]) -> TrainSettings:
    size = {"generator": {"image_size": (64, 48), **SMALL}, "discriminator": SMALL}
    return resolve(preset, size, {"loss": {"features": "pixels"}}, *layers)


def batches(size: int = 3) -> Callable[[], Batch]:
    store = store_from([random_arrays(4, identities=(2, 3))])
    position = 0

    def draw() -> Batch:
        nonlocal position
        pairs = torch.arange(position, position + size) % store.num_pairs
        position += size
        return make_batch(store.gather(pairs), None, sigma=6.0)

    return draw


def objective_of(settings: TrainSettings) -> Objective:
    return make_objective(settings.loss, None, CPU)


def parameters(network: torch.nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in network.parameters()]


def moved(before: list[Tensor], network: torch.nn.Module) -> list[bool]:
    return [
        not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)
    ]


@pytest.mark.long
@pytest.mark.parametrize("preset", PRESETS)
def test_every_parameter_is_moved_by_a_few_steps(preset: str) -> None:
    settings = small(preset)
    state, draw = TrainState(settings, CPU), batches()
    # Within the hinge's margin both sides' slopes at the last bias cancel, to the last bit or not.
    biases = [p for name, p in state.discriminator.named_parameters() if name.endswith("bias")]
    biases[-1].data.add_(3.0)
    before = parameters(state.generator), parameters(state.discriminator)
    for _ in range(3):
        report = train_step(state, objective_of(settings), draw)
        assert report.finite
    assert all(moved(before[0], state.generator))
    assert all(moved(before[1], state.discriminator))


@pytest.mark.parametrize(
    ("fidelity", "reuse", "drawn"), [(True, False, 9), (False, False, 6), (True, True, 3)]
)
def test_a_step_draws_three_batches_with_fidelity_and_images_count_one(
    fidelity: bool, reuse: bool, drawn: int
) -> None:
    layer = {"data": {"reuse_fake": reuse}, "generator": {"fidelity": fidelity}}
    settings = small("dsc", layer)
    state, draw, count = TrainState(settings, CPU), batches(), 0

    def counted() -> Batch:
        nonlocal count
        count += 1
        return draw()

    for _ in range(3):
        train_step(state, objective_of(settings), counted)
    assert count == drawn == 3 * settings.batches_per_step
    assert (state.steps, state.images) == (3, 9)


def test_with_fidelity_real_fake_and_the_generators_are_of_three_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, draw, given = small("dsc"), batches(), []
    state, seen = TrainState(settings, CPU), []
    judge = Discriminator.forward

    def spy(self, image, source_image, guidance):  # type: ignore[no-untyped-def]
        seen.append((image.detach(), source_image, guidance.target_joints))
        return judge(self, image, source_image, guidance)

    monkeypatch.setattr(Discriminator, "forward", spy)

    def kept() -> Batch:
        given.append(draw())
        return given[-1]

    train_step(state, objective_of(settings), kept)
    assert len(given) == len(seen) == 3
    for batch, (_, source_image, joints) in zip(given, seen, strict=True):
        assert torch.equal(batch.source_image, source_image)
        torch.testing.assert_close(batch.target_joints, joints, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(seen[0][0], given[0].target_image)
    assert not torch.equal(seen[1][0], given[1].target_image)


@pytest.mark.parametrize("kind", ["concat", "siamese", "warp"])
def test_a_size_that_is_padded_inside_trains_at_its_own_size(kind: str) -> None:
    layer = {"generator": {"image_size": (64, 40)}, "discriminator": {"kind": kind}}
    settings = small("full", layer)
    assert settings.generator.padded_size == (64, 48)
    store = store_from([random_arrays(4, identities=(2, 3), size=(64, 40))])
    state = TrainState(settings, CPU)
    before = parameters(state.generator), parameters(state.discriminator)

    def draw() -> Batch:
        return make_batch(store.gather(torch.arange(3)), None, sigma=6.0)

    for _ in range(2):
        assert train_step(state, objective_of(settings), draw).finite
    assert generate(state.generator, draw()).shape == (3, 3, 64, 40)
    assert all(moved(before[0], state.generator)) and all(moved(before[1], state.discriminator))


def test_the_generators_step_leaves_the_discriminator_alone() -> None:
    settings = small("dsc", {"optimizer": {"discriminator_rate": 1e-30}})
    state = TrainState(settings, CPU)
    before = parameters(state.discriminator)
    train_step(state, objective_of(settings), batches())
    for old, new in zip(before, state.discriminator.parameters(), strict=True):
        assert torch.allclose(old, new, rtol=0, atol=1e-20)
    assert all(value.requires_grad for value in state.discriminator.parameters())


class _Poisoned(Objective):
    """An objective whose chosen side is not a number."""

    side = ""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        loss = super().discriminator(real_logits, fake_logits)
        return loss * float("nan") if self.side == "discriminator" else loss

    def generator(self, *given: Any) -> dict[str, Tensor]:
        terms = super().generator(*given)
        if self.side == "generator":
            terms["l1"] = terms["l1"] + float("inf")
        return terms


@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_a_network_whose_loss_is_not_finite_is_not_moved(side: str) -> None:
    settings = small("dsc")
    state = TrainState(settings, CPU)
    poisoned = _Poisoned(settings.loss, None)
    poisoned.side = side
    network = getattr(state, side)
    before = parameters(network)
    report = train_step(state, poisoned, batches())
    assert not report.finite
    assert not any(moved(before, network))
    assert state.is_finite()
    poisoned.side = ""
    assert train_step(state, poisoned, batches()).finite
    assert any(moved(before, network))


@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_decided_on_the_device_a_skipped_network_keeps_all_its_bits(
    side: str, clip_norm: float
) -> None:
    """What a step does on CUDA, here on the CPU: weights, Adam's state and average all stay."""
    settings = small("dsc", {"optimizer": {"clip_norm": clip_norm}})
    state = TrainState(settings, CPU, on_device=True)
    poisoned, draw = _Poisoned(settings.loss, None), batches()
    train_step(state, poisoned, draw)

    def kept(name: str) -> list[Tensor]:
        parts = [getattr(state, name).state_dict()]
        parts.append(getattr(state, f"{name}_optimizer").state_dict()["state"])
        parts.append(state.average.state_dict() if name == "generator" else {})
        return [leaf.clone() for leaf in leaves(parts)]

    other = "generator" if side == "discriminator" else "discriminator"
    for poisoned.side, finite in ((side, False), ("", True)):
        before, before_other = kept(side), kept(other)
        report = train_step(state, poisoned, draw)
        assert bool(report.finite) == finite
        same = [torch.equal(a, b) for a, b in zip(before, kept(side), strict=True)]
        assert not any(same) if finite else all(same)
        assert not any(map(torch.equal, before_other, kept(other)))
    assert state.is_finite()


def leaves(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [leaf for each in inner for leaf in leaves(each)]  # type: ignore[attr-defined]


class _Questions(TorchFunctionMode):
    """Notes what the host asks of a tensor's values, torch's own Python code included."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        asking = {"__bool__", "__float__", "__int__", "__index__", "item", "tolist", "nonzero"}
        asking |= {"cpu", "numpy", "equal", "allclose", "masked_select", "unique"}
        name = getattr(function, "__name__", "")
        self.asked |= {name} & asking
        return function(*args, **(kwargs or {}))


def test_a_step_that_decides_on_the_device_never_asks_the_host() -> None:
    """No value is read by the host: on CUDA each such read would wait for all work queued."""
    settings = small("baseline", {"optimizer": {"clip_norm": 1.0}})
    asked = {}
    for on_device in (False, True):
        state, draw = TrainState(settings, CPU, on_device=on_device), batches()
        drawn = [draw() for _ in range(2 * settings.batches_per_step)]
        for _ in range(2):  # Adam makes its state in the first
            with _Questions() as questions:
                train_step(state, objective_of(settings), drawn.pop)
        asked[on_device] = questions.asked
    assert asked[False] >= {"__bool__"}
    assert not asked[True]


def test_deciding_on_the_device_or_on_the_host_is_the_same_training() -> None:
    settings, reports = small("dsc"), []
    for on_device in (False, True):
        state, draw = TrainState(settings, CPU, on_device=on_device), batches()
        torch.manual_seed(3)
        reports.append([train_step(state, objective_of(settings), draw) for _ in range(3)])
    for host, device in zip(*reports, strict=True):
        assert bool(device.finite)
        for name, value in host.generator.items():
            torch.testing.assert_close(device.generator[name], value, rtol=1e-4, atol=1e-5)


def test_passes_and_losses_look_at_no_value() -> None:
    """On the device "meta" there are none: whatever looks at one raises."""
    settings, meta = small("full"), torch.device("meta")
    batch = batches()()
    batch = Batch(**{name: value.to(meta) for name, value in vars(batch).items()})
    generator, discriminator = (
        Generator(settings.generator).to(meta),
        Discriminator(settings.discriminator).to(meta),
    )
    drawing = generator(batch.source_image, batch.guidance)
    logits = discriminator(drawing.image, batch.source_image, batch.guidance)
    terms = objective_of(settings).generator(logits, drawing.image, batch.target_image)
    torch.stack(list(terms.values())).sum().backward()
    assert all(value.grad is not None for value in generator.parameters())


@pytest.mark.parametrize("on_device", [False, True])
def test_the_average_takes_over_buffers_and_keeps_them_when_a_step_is_skipped(
    on_device: bool,
) -> None:
    state = TrainState(small("dsc"), CPU, on_device=on_device)
    for network in (state.generator, state.average):
        network.register_module("norm", torch.nn.BatchNorm2d(3).requires_grad_(False))
    state.images = 1_000_000
    state.generator.norm(torch.randn(4, 3, 5, 2) + 2)
    counted, mean = state.generator.norm.num_batches_tracked, state.generator.norm.running_mean
    state.update_average(3, torch.tensor(False))
    assert state.average.norm.num_batches_tracked == 0 and not state.average.norm.running_mean.any()
    state.update_average(3, torch.tensor(True))
    assert torch.equal(state.average.norm.running_mean, mean) and mean.all()
    assert state.average.norm.num_batches_tracked == counted == 1
    mean[0] = torch.nan
    assert not state.is_finite()


def test_clipping_bounds_the_gradient() -> None:
    settings = small("dsc", {"optimizer": {"clip_norm": 1e-3}})
    state = TrainState(settings, CPU)
    report = train_step(state, objective_of(settings), batches())
    left = torch.nn.utils.get_total_norm([p.grad for p in state.generator.parameters()])
    assert float(report.generator["gradient"]) > 1e-2
    assert float(left) <= 1.001e-3


def test_the_average_follows_the_generator_with_its_half_life() -> None:
    settings = small("dsc", {"optimizer": {"average_half_life_images": 60}})
    state = TrainState(settings, CPU)
    state.images = 1_000_000
    for value in state.average.parameters():
        value.zero_()
    for value in state.generator.parameters():
        value.data.fill_(1.0)
    for _ in range(20):
        state.update_average(3)
    for value in state.average.parameters():
        assert torch.allclose(value, torch.tensor(0.5), atol=1e-4)


def test_rates_fall_along_half_a_cosine() -> None:
    settings = small("dsc", {"optimizer": {"decay_images": 1000, "generator_rate": 0.01}})
    state = TrainState(settings, CPU)
    found = []
    for images in (0, 500, 1000, 2000):
        state.images = images
        state.set_rates()
        found.append(state.generator_optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([0.01, 0.005, 0.0, 0.0])


def test_rates_fall_to_the_share_that_is_to_be_left() -> None:
    rates = {"decay_images": 1000, "generator_rate": 0.01, "final_rate": 0.1}
    state, found = TrainState(small("dsc", {"optimizer": rates}), CPU), []
    for state.images in (0, 500, 1000, 2000):
        state.set_rates()
        found.append(state.generator_optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([0.01, 0.0055, 0.001, 0.001])
    with pytest.raises(UsageError, match="decay_images"):
        small("dsc", {"optimizer": {"final_rate": 0.1}})


def test_generating_gives_images_in_range_on_any_batch() -> None:
    state = TrainState(small("demo"), CPU)
    images = generate(state.generator, batches(2)())
    assert images.shape == (2, 3, 64, 48)
    assert images.abs().max() <= 1


def test_vgg_is_asked_for_only_where_a_term_needs_it(tmp_path: Path) -> None:
    asked = []

    def find(path: Path | None) -> Path:
        asked.append(path)
        raise FileNotFoundError

    for preset in ("baseline", "dsc"):
        make_objective(resolve(preset).loss, None, CPU, find)
    assert not asked
    for preset in ("full", "perc-loss"):
        with pytest.raises(FileNotFoundError):
            make_objective(resolve(preset).loss, tmp_path, CPU, find)
    assert asked == [tmp_path, tmp_path]


def test_a_state_is_restored_bit_for_bit() -> None:
    settings = small("full")
    first, draw = TrainState(settings, CPU), batches()
    train_step(first, objective_of(settings), draw)
    kept = first.content()
    kept = {
        **kept,
        **{
            name: {k: v.clone() for k, v in kept[name].items()}
            for name in ("generator", "discriminator", "average")
        },
        "random": {"cpu": kept["random"]["cpu"].clone()},
    }
    second = TrainState(settings, CPU)
    second.restore(kept)
    assert (second.steps, second.images) == (1, 3)
    for a, b in zip(first.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), kept["random"]["cpu"])
