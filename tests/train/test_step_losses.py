"""Losses that need more of a step than one judgement: penalties, pairing, feature matching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from drawn_shards import random_arrays
from torch import Tensor

from shared.errors import UsageError
from train.data.batch import Batch, make_batch
from train.data.store import store_from
from train.losses.objective import make_objective
from train.losses.relativistic import DEVIATION
from train.nets.patch_discriminator import PatchDiscriminator
from train.settings.presets import resolve
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import StepReport, train_step

CPU = torch.device("cpu")


def small(**loss: Any) -> TrainSettings:
    """Settings of a patch discriminator, whose own rate keeps it in place."""
    return resolve(
        "dsc",
        {
            "generator": {"image_size": (64, 48), "base_channels": 1, "fidelity": False},
            "discriminator": {"kind": "patch", "base_channels": 2, "spectral": False},
            "optimizer": {"discriminator_rate": 1e-30},
            "data": {"reuse_fake": True},
            "loss": {"features": "pixels", **loss},
        },
    )


def one_batch() -> Batch:
    store = store_from([random_arrays(4, identities=(2, 3), images=3)])
    return make_batch(store.gather(torch.tensor([0, 7])), None, sigma=6.0)


class Watched:
    """A state whose first fake is kept."""

    def __init__(self, settings: TrainSettings) -> None:
        self.state = TrainState(settings, CPU)
        self.fake = torch.empty(0)
        self.state.generator.register_forward_hook(self._keep)

    def _keep(self, module: Any, given: Any, drawing: Any) -> None:
        self.fake = drawing.image.detach()

    def step(self) -> StepReport:
        objective = make_objective(self.state.settings.loss, None, CPU)
        return train_step(self.state, objective, one_batch)

    def judge(self, images: Tensor) -> Tensor:
        batch = one_batch()
        logits: Tensor = self.state.discriminator(images, batch.source_image, batch.guidance)
        return logits


def squared_slopes(judge: Callable[[Tensor], Tensor], images: Tensor) -> float:
    """Half the mean over samples of the squared slope, by differences along each pixel's axis."""
    step, total = 0.01, 0.0
    with torch.no_grad():
        for axis in torch.eye(images[0].numel()).split(1):
            way = step * axis.view(1, *images.shape[1:])
            slope = judge(images + way) - judge(images - way)
            total += float((slope.flatten(1).sum(1) / (2 * step)).square().sum())
    return total / len(images) / 2


def test_the_penalty_is_on_the_slope_at_real_and_at_generated_images() -> None:
    watched = Watched(small(penalty_weight=3.0))
    report = watched.step()
    # A slope by differences costs two passes a pixel, so look at every pixel of a small patch.
    expected = 0.0
    for images in (one_batch().target_image, watched.fake):
        rows = images.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(watched.judge(rows).sum(), rows)
        patch = (slice(None), slice(None), slice(20, 24), slice(10, 14))
        near = squared_slopes(
            lambda moved, images=images: watched.judge(put(images, moved)), images[patch]
        )
        assert near == pytest.approx(float(slope[patch].square().sum()) / 4, rel=0.02)
        expected += 3 * float(slope.square().sum()) / 2 / 2
    assert float(report.discriminator["penalty"]) == pytest.approx(expected, rel=1e-4)


def put(images: Tensor, patch: Tensor) -> Tensor:
    changed = images.clone()
    changed[:, :, 20:24, 10:14] = patch
    return changed


def test_the_penalty_moves_the_discriminator() -> None:
    gradients = []
    for weight in (0.0, 100.0):
        watched = Watched(small(penalty_weight=weight))
        gradients.append(float(watched.step().discriminator["gradient"]))
    assert gradients[0] != pytest.approx(gradients[1], rel=0.01)


def test_a_lazy_penalty_comes_every_few_steps_and_so_many_times_as_strong() -> None:
    found = {}
    for every in (1, 3):
        watched = Watched(small(penalty_weight=1.0, penalty_every=every))
        found[every] = [float(watched.step().discriminator["penalty"]) for _ in range(4)]
    assert found[3][1:3] == [0.0, 0.0]
    assert found[3][0] == pytest.approx(3 * found[1][0], rel=1e-4)
    assert found[3][3] == pytest.approx(3 * found[1][3], rel=1e-3)


def test_the_finite_difference_form_is_that_of_its_noise() -> None:
    watched = Watched(small(penalty_weight=2.0, penalty_form="finite-difference"))
    torch.manual_seed(9)
    noises: list[Tensor] = []
    drawn = torch.randn_like

    def noted(images: Tensor) -> Tensor:
        noises.append(drawn(images))
        return noises[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch, "randn_like", noted)
        report = watched.step()
    expected = 0.0
    with torch.no_grad():
        sides = (one_batch().target_image, watched.fake)
        for images, noise in zip(sides, noises, strict=True):
            away = watched.judge(images + DEVIATION * noise) - watched.judge(images)
            expected += 2 * float((away.flatten(1).sum(1) / DEVIATION).square().mean()) / 2
    assert float(report.discriminator["penalty"]) == pytest.approx(expected, rel=1e-3)


def test_the_relativistic_game_pairs_each_generated_image_with_its_own_target() -> None:
    watched = Watched(small(adversarial="relativistic"))
    report = watched.step()
    with torch.no_grad():
        lead = watched.judge(one_batch().target_image) - watched.judge(watched.fake)
    judge_loss = torch.log1p(torch.exp(-lead)).mean()
    drawer_loss = torch.log1p(torch.exp(lead)).mean()
    assert float(report.discriminator["loss"]) == pytest.approx(float(judge_loss), rel=1e-4)
    assert float(report.generator["adversarial"]) == pytest.approx(float(drawer_loss), rel=1e-4)


@pytest.mark.parametrize("game", ["hinge", "relativistic"])
def test_matching_compares_the_discriminators_levels_and_leaves_its_judgement(game: str) -> None:
    plain = Watched(small(adversarial=game)).step()
    watched = Watched(small(adversarial=game, matching_weight=4.0))
    report = watched.step()
    judge = watched.state.discriminator
    assert isinstance(judge, PatchDiscriminator)
    guidance = one_batch().guidance
    with torch.no_grad():
        levels = [judge.levels(x, guidance) for x in (watched.fake, one_batch().target_image)]
        means = [(a - b).abs().mean() for a, b in zip(*levels, strict=True)]
    expected = 4 * float(torch.stack(means).mean())
    assert float(report.generator["matching"]) == pytest.approx(expected, rel=1e-4)
    same = pytest.approx(float(plain.generator["adversarial"]), rel=1e-4)
    assert float(report.generator["adversarial"]) == same


def test_part_ssim_sees_the_targets_joints() -> None:
    terms = Watched(small(part_ssim_weight=5.0)).step().generator
    assert 0 < float(terms["part_ssim"]) < 10


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"loss": {"matching_weight": 1.0}}, "choose the discriminator patch"),
        ({"loss": {"adversarial": "relativistic"}}, "set generator.fidelity to false"),
        ({"loss": {"penalty_every": 4}}, "penalty_weight.*above 0"),
        ({"loss": {"penalty_form": "finite-difference"}}, "penalty_weight.*above 0"),
        ({"loss": {"penalty_form": "guess"}}, "exact or finite-difference"),
        ({"loss": {"penalty_weight": -1.0}}, "penalty_weight"),
        ({"discriminator": {"spectral": False}}, "choose the kind patch"),
        ({"generator": {"selection": "whole"}}, "choose the skips layers"),
        ({"generator": {"silhouette": False}}, "choose the skips layers"),
        ({"generator": {"selection_gain": 2.0}}, "choose the skips layers"),
        ({"generator": {"own_logit": -1.0}}, "choose the skips layers"),
        ({"generator": {"part_flow": True}}, "choose the skips layers"),
        ({"generator": {"selection_gain": 0.0}}, "selection_gain"),
        ({"generator": {"own_logit": float("inf")}}, "own_logit"),
    ],
)
def test_losses_that_these_networks_cannot_have_are_refused(
    layer: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        resolve("dsc", layer)
    assert "\n" not in caught.value.message
