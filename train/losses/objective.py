"""What the two networks are asked for: the losses of a preset, each term by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from train.losses.terms import adversarial_losses, l1_loss, nearest_neighbour_loss, perceptual_loss
from train.losses.vgg import PixelFeatures, VggFeatures, find_vgg
from train.settings.tree import LossSettings

FindWeights = Callable[[Path | None], Path]


class Objective:
    """The losses of both networks.

    Args:
        settings: Which terms, and how much of each.
        features: Maps images to a list: the perceptual layers, then the nearest-neighbour one.
            None where no term needs features.
    """

    def __init__(self, settings: LossSettings, features: nn.Module | None) -> None:
        self._settings = settings
        self._features = features
        self._game = adversarial_losses(settings.adversarial)

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Give the discriminator's loss."""
        return self._game.d_loss(real_logits.float(), fake_logits.float())

    def generator(
        self, fake_logits: Tensor, generated: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        """Give the generator's loss as its weighted terms, by name.

        Args:
            fake_logits: The discriminator's view of the generated images.
            generated: Images (b, 3, H, W) in [-1, 1].
            target: What they should be.
        """
        settings = self._settings
        terms = {}
        if settings.adversarial_weight:
            adversarial = self._game.g_loss(fake_logits.float())
            terms["adversarial"] = settings.adversarial_weight * adversarial
        if settings.l1_weight:
            terms["l1"] = settings.l1_weight * l1_loss(generated, target)
        if self._features is not None:
            terms |= self._feature_terms(self._features, generated, target)
        return terms

    def _feature_terms(
        self, features: nn.Module, generated: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        settings = self._settings
        with torch.no_grad():
            real = features(target)
        fake = features(generated)
        terms = {}
        layers = slice(0, len(settings.perceptual_layers))
        if settings.perceptual_weight:
            terms["perceptual"] = settings.perceptual_weight * perceptual_loss(
                fake[layers], real[layers]
            )
        if settings.nearest_weight:
            terms["nearest"] = settings.nearest_weight * nearest_neighbour_loss(
                fake[-1], real[-1], settings.nearest_window
            )
        return terms


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
        find_weights: Finds the file.

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
