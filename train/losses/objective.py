"""What the two networks are asked for: the losses of a preset, each term by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from train.losses.adversarial import adversarial_losses
from train.losses.relativistic import (
    Judge,
    finite_difference_penalty,
    gradient_penalty,
    lazy_weight,
)
from train.losses.terms import TERMS, Beside, Term, View
from train.losses.vgg import PixelFeatures, VggFeatures, find_vgg
from train.settings.tree import LossSettings

FindWeights = Callable[[Path | None], Path | None]


class Objective:
    """The losses of both networks.

    Args:
        settings: Which terms, and how much of each.
        features: Maps images to features of the layers that it names. None where no term needs
            features.
        terms: The generator's terms by name, in the order of adding.
    """

    def __init__(
        self,
        settings: LossSettings,
        features: VggFeatures | PixelFeatures | None,
        terms: Mapping[str, Term] = TERMS,
    ) -> None:
        self._settings = settings
        self._features = features
        self._game = adversarial_losses(settings.adversarial)
        self.penalises = settings.penalty_weight > 0
        self._terms = {name: term for name, term in terms.items() if term.weight(settings)}

    @property
    def features(self) -> VggFeatures | PixelFeatures | None:
        """What the feature losses compare; None where no term needs it."""
        return self._features

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss."""
        return self._game.d_loss(real_logits.float(), fake_logits.float())

    def penalty(self, judge: Judge, images: Tensor, step: int) -> Tensor:
        """Return the weighted penalty on the discriminator's slope at images of a step.

        Args:
            judge: The discriminator under the conditions of these images.
            images: ``(b, 3, H, W)``, real for R1 and generated for R2.
            step: Steps done before; where the penalty is a lazy one, most steps have none.

        Returns:
            A scalar in float32.
        """
        settings = self._settings
        weight = settings.penalty_weight * lazy_weight(step, settings.penalty_every)
        if not weight:
            return images.new_zeros(())
        if settings.penalty_form == "exact":
            return weight * gradient_penalty(judge, images)
        return weight * finite_difference_penalty(judge, images, torch.randn_like(images))

    def generator(
        self,
        fake_logits: Tensor,
        generated: Tensor,
        target: Tensor,
        extras: Mapping[str, Tensor] | None = None,
        beside: Beside | None = None,
    ) -> dict[str, Tensor]:
        """Return the generator's loss as its weighted terms, by name.

        Args:
            fake_logits: The discriminator's view of the generated images.
            generated: Images (b, 3, H, W) in [-1, 1].
            target: What they should be.
            extras: What the generator handed on beside its images.
            beside: What only some terms ask for.
        """
        with torch.no_grad():
            real_features = self._features_of(target)
        view = View(
            settings=self._settings,
            fake_logits=fake_logits.float(),
            generated=generated,
            target=target,
            extras=extras or {},
            beside=beside or Beside(),
            fake_features=self._features_of(generated),
            real_features=real_features,
        )
        return {
            name: term.weight(self._settings) * term.value(view)
            for name, term in self._terms.items()
        }

    def _features_of(self, images: Tensor) -> dict[str, Tensor]:
        if self._features is None:
            return {}
        return dict(zip(self._features.layers, self._features(images), strict=True))


def make_objective(
    settings: LossSettings,
    vgg: Path | None,
    device: torch.device,
    find_weights: FindWeights = find_vgg,
) -> Objective:
    """Build the losses, with VGG-19 where a term needs it.

    Args:
        settings: Which terms.
        vgg: File of its weights; None looks into torch's cache, then downloads.
        device: Where to compute.
        find_weights: Finds the file; None stands for one that a dry run would not download.

    Raises:
        UsageError: There are no weights; the message says how to get them or do without.
    """
    if not settings.needs_features:
        return Objective(settings, None)
    layers = (*settings.perceptual_layers, settings.nearest_layer)
    if settings.features == "pixels":
        return Objective(settings, PixelFeatures(layers))
    used = layers if settings.nearest_weight else layers[:-1]
    features = VggFeatures(find_weights(vgg), used, settings.feature_scale)
    return Objective(settings, features.to(device))
