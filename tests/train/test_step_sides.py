"""One step seen from its sides: who is shown what, and in which order things happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from drawn_shards import random_arrays
from torch import Tensor, nn

from train.data.batch import Batch, make_batch
from train.data.store import store_from
from train.losses.objective import Objective, make_objective
from train.settings.presets import resolve
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import draw_batch, generate, train_step

CPU = torch.device("cpu")


def small(*layers: dict[str, Any]) -> TrainSettings:
    size = {
        "generator": {"image_size": (64, 48), "base_channels": 1},
        "discriminator": {"base_channels": 1},
    }
    return resolve("dsc", size, {"loss": {"features": "pixels"}}, *layers)


def batches(size: int = 2) -> Callable[[], Batch]:
    store = store_from([random_arrays(4, identities=(2, 3), images=3)])
    position = 0

    def draw() -> Batch:
        nonlocal position
        # Neighbours in the list share their source.
        pairs = 5 * torch.arange(position, position + size) % store.num_pairs
        position += size
        return make_batch(store.gather(pairs), None, sigma=6.0)

    return draw


def weights_of(network: nn.Module) -> list[Tensor]:
    return [value.detach().clone() for value in network.parameters()]


def same(before: list[Tensor], network: nn.Module) -> bool:
    return all(map(torch.equal, before, network.parameters()))


class Seen:
    """What a network is called with."""

    def __init__(self, network: nn.Module) -> None:
        self.calls: list[tuple[Any, ...]] = []
        network.register_forward_pre_hook(lambda _, given: self.calls.append(given))


class Judged(Objective):
    """An objective that notes the judgements it is given."""

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__(settings.loss, None)
        self.sides: dict[str, Tensor] = {}
        self.compared: tuple[Tensor, Tensor] | None = None

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        self.sides = {"real": real_logits.detach(), "fake": fake_logits.detach()}
        return super().discriminator(real_logits, fake_logits)

    def generator(
        self,
        fake_logits: Tensor,
        generated: Tensor,
        target: Tensor,
        *further: Any,
    ) -> dict[str, Tensor]:
        self.compared = (generated.detach(), target)
        return super().generator(fake_logits, generated, target, *further)


def test_a_step_learns_at_the_rate_of_its_place_in_the_run() -> None:
    """At the end of the cosine the rate is 0: nothing moves although the losses are not 0."""
    settings = small({"optimizer": {"decay_images": 1000}})
    for images, stays in ((0, False), (1000, True)):
        state = TrainState(settings, CPU)
        state.images = images
        before = weights_of(state.generator), weights_of(state.discriminator)
        report = train_step(state, make_objective(settings.loss, None, CPU), batches())
        assert report.generator["gradient"] > 0
        assert same(before[0], state.generator) == same(before[1], state.discriminator) == stays


def test_both_rates_fall_each_from_its_own() -> None:
    rates = {"decay_images": 1000, "generator_rate": 0.01, "discriminator_rate": 0.04}
    state = TrainState(small({"optimizer": rates}), CPU)
    assert state.generator_optimizer.param_groups[0]["lr"] == 0.01
    assert state.discriminator_optimizer.param_groups[0]["lr"] == 0.04
    state.images = 500
    state.set_rates()
    assert state.generator_optimizer.param_groups[0]["lr"] == pytest.approx(0.005)
    assert state.discriminator_optimizer.param_groups[0]["lr"] == pytest.approx(0.02)


def test_adams_decays_are_those_of_the_settings() -> None:
    state = TrainState(small({"optimizer": {"betas": (0.25, 0.75)}}), CPU)
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert optimizer.param_groups[0]["betas"] == (0.25, 0.75)


def test_real_and_fake_are_not_exchanged() -> None:
    layer = {"optimizer": {"discriminator_rate": 1e-30}, "generator": {"fidelity": False}}
    settings = small(layer)
    state, objective, drawn = TrainState(settings, CPU), Judged(settings), []
    draw, seen = batches(), Seen(state.discriminator)

    def noted() -> Batch:
        drawn.append(draw())
        return drawn[-1]

    train_step(state, objective, noted)
    first, second = drawn
    (both, sources, guidance), (fake, *_) = seen.calls
    assert torch.equal(both[:2], first.target_image) and len(both) == 4
    assert not torch.equal(both[2:], first.target_image)
    for half in (slice(0, 2), slice(2, 4)):
        assert torch.equal(sources[half], first.source_image)
        assert torch.equal(guidance.source_pose[half], first.source_pose)
        assert torch.equal(guidance.target_pose[half], first.target_pose)
    with torch.no_grad():
        real = state.discriminator(first.target_image, first.source_image, first.guidance)
    torch.testing.assert_close(objective.sides["real"], real, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(objective.sides["fake"], real, rtol=1e-2)
    assert objective.compared is not None
    assert torch.equal(objective.compared[0], fake.detach())
    assert torch.equal(objective.compared[1], second.target_image)


def test_the_discriminators_loss_does_not_reach_the_generator() -> None:
    settings = small({"data": {"reuse_fake": True}})

    class OnlyJudge(Judged):
        def generator(self, *given: Any) -> dict[str, Tensor]:
            return {name: 0 * term for name, term in super().generator(*given).items()}

    state = TrainState(settings, CPU)
    before = weights_of(state.generator), weights_of(state.discriminator)
    train_step(state, OnlyJudge(settings), batches())
    assert same(before[0], state.generator) and not same(before[1], state.discriminator)


@pytest.mark.parametrize(
    ("fidelity", "reuse", "calls"),
    [(True, False, (2, 3)), (False, False, (2, 2)), (True, True, (1, 2)), (False, True, (1, 2))],
)
def test_each_network_is_called_as_often_as_the_settings_say(
    fidelity: bool, reuse: bool, calls: tuple[int, int]
) -> None:
    layer = {"data": {"reuse_fake": reuse}, "generator": {"fidelity": fidelity}}
    settings = small(layer)
    state = TrainState(settings, CPU)
    drawer, judge = Seen(state.generator), Seen(state.discriminator)
    train_step(state, make_objective(settings.loss, None, CPU), batches())
    assert (len(drawer.calls), len(judge.calls)) == calls


def test_the_generator_is_drawn_with_dropout_in_training_and_without_in_pictures() -> None:
    from train.inference.drawing import draw_pictures

    state, batch = TrainState(small(), CPU), batches()()
    with torch.no_grad():
        first, second = (draw_batch(state.generator, batch).image for _ in range(2))
    assert not torch.equal(first, second)
    pictures = [draw_pictures(state.generator, batch) for _ in range(2)]
    assert torch.equal(*pictures) and state.generator.training
    state.average.eval()
    draw_pictures(state.average, batch)
    assert not state.average.training


def test_generate_is_the_image_of_the_drawing() -> None:
    state, batch = TrainState(small(), CPU), batches()()
    with torch.no_grad():
        images = generate(state.average, batch)
        expected = state.average(batch.source_image, batch.guidance).image
    assert torch.equal(images, expected)


def test_a_step_counts_its_samples_once_and_the_average_follows_afterwards() -> None:
    state = TrainState(small(), CPU)
    before = weights_of(state.average)
    train_step(state, make_objective(state.settings.loss, None, CPU), batches(3))
    assert (state.steps, state.images) == (1, 3)
    assert not same(before, state.average)


def test_early_the_average_forgets_the_start_quickly() -> None:
    """After n images its half-life is n / 20 at most, so the first weights are soon gone."""
    settings = small({"optimizer": {"average_half_life_images": 1_000_000}})
    state = TrainState(settings, CPU)
    state.images = 997
    for average, weight in zip(
        state.average.parameters(), state.generator.parameters(), strict=True
    ):
        average.zero_()
        weight.data.fill_(1.0)
    state.update_average(3)
    for average in state.average.parameters():
        assert torch.allclose(average, torch.tensor(1 - 0.5 ** (3 / 50)), atol=1e-6)


def test_a_warm_start_keeps_the_average_that_it_began_with_for_its_whole_half_life() -> None:
    settings = small({"optimizer": {"average_half_life_images": 600}, "init_from": "another"})
    state = TrainState(settings, CPU)
    for average, weight in zip(
        state.average.parameters(), state.generator.parameters(), strict=True
    ):
        average.zero_()
        weight.data.fill_(1.0)
    for _ in range(200):
        state.update_average(3)
    for average in state.average.parameters():
        assert torch.allclose(average, torch.tensor(0.5), atol=1e-5)


def test_a_half_life_of_0_is_the_generator_itself() -> None:
    state = TrainState(small({"optimizer": {"average_half_life_images": 0}}), CPU)
    for weight in state.generator.parameters():
        weight.data.fill_(3.0)
    state.update_average(3)
    assert same(weights_of(state.average), state.generator)


@pytest.mark.parametrize("where", ["generator", "discriminator", "average"])
def test_a_weight_that_is_no_number_is_seen_wherever_it_is(where: str) -> None:
    state = TrainState(small(), CPU)
    assert state.is_finite()
    weight = list(getattr(state, where).parameters())[-1]
    weight.data[(0,) * weight.dim()] = torch.inf
    assert not state.is_finite()


def test_the_seed_decides_the_first_weights() -> None:
    first, again = (TrainState(small({"seed": 3}), CPU) for _ in range(2))
    other = TrainState(small({"seed": 4}), CPU)
    assert same(weights_of(first.generator), again.generator)
    assert not same(weights_of(first.generator), other.generator)
