"""What the objective hands to its terms and to VGG-19."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from train.losses import objective as objective_module
from train.losses.adversarial import adversarial_losses
from train.losses.objective import Objective, make_objective
from train.losses.terms import Term
from train.settings.tree import LossSettings

CPU = torch.device("cpu")


class Asked(torch.nn.Module):
    """Stands in for VGG-19: notes what it is made of."""

    made: tuple[Any, ...] = ()

    def __init__(self, weights: Path, layers: tuple[str, ...], scale: float) -> None:
        super().__init__()
        self.layers = layers
        type(self).made = (weights, layers, scale)

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images for _ in self.layers]


@pytest.mark.parametrize("nearest", [0.0, 1.0])
def test_vgg_is_made_of_the_layers_and_the_scale_of_the_settings(
    nearest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objective_module, "VggFeatures", Asked)
    settings = LossSettings(
        features="vgg",
        perceptual_weight=1.0,
        perceptual_layers=("block2_conv1", "block3_conv1"),
        nearest_weight=nearest,
        nearest_layer="block1_conv2",
        feature_scale=3.5,
    )
    make_objective(settings, Path("given.pth"), CPU, lambda path: path or Path("found.pth"))
    layers = ("block2_conv1", "block3_conv1") + ("block1_conv2",) * bool(nearest)
    assert Asked.made == (Path("given.pth"), layers, 3.5)


def test_features_of_the_targets_carry_no_gradient() -> None:
    seen = []

    def value(view: Any) -> Tensor:
        seen.append(view)
        return view.fake_features["block1_conv1"].sum()

    features = objective_module.PixelFeatures(["block1_conv1"])
    row = Term(weight=lambda _: 1.0, value=value)
    generated, target = (torch.rand(1, 3, 4, 2, requires_grad=True) for _ in range(2))
    Objective(LossSettings(), features, {"own": row}).generator(torch.zeros(1), generated, target)
    (view,) = seen
    assert view.fake_features["block1_conv1"].requires_grad
    assert not view.real_features["block1_conv1"].requires_grad
    assert torch.equal(view.real_features["block1_conv1"], target * 127.5)


def test_judgements_are_weighed_in_float32() -> None:
    """A mean of bfloat16 would be rounded to 8 bits."""
    objective = Objective(LossSettings(adversarial="hinge", adversarial_weight=1.0), None)
    logits = torch.tensor([0.125, 0.25, 0.3], dtype=torch.bfloat16)
    game = adversarial_losses("hinge")
    loss = objective.discriminator(logits, -logits)
    assert loss.dtype == torch.float32 and loss == game.d_loss(logits.float(), -logits.float())
    images = torch.zeros(1, 3, 4, 2)
    term = objective.generator(logits, images, images)["adversarial"]
    assert term.dtype == torch.float32 and term == game.g_loss(logits.float())
