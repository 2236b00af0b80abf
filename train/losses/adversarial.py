"""The game between the two networks, by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from shared.errors import UsageError, problem
from train.losses import relativistic
from train.settings.tree import AdversarialKind


@dataclass(frozen=True, kw_only=True)
class AdversarialLosses:
    """The two sides of an adversarial game, on logits of any shape (positive means real).

    Attributes:
        d_loss: (real logits, fake logits) -> the discriminator's loss, a scalar.
        g_loss: (fake logits, real logits) -> the generator's loss, a scalar. Only the relativistic
            game looks at the real ones; for the others they may be left out.
    """

    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[..., Tensor]


def adversarial_losses(kind: AdversarialKind) -> AdversarialLosses:
    """Return the losses of an adversarial game; each is a mean over all judgements.

    Args:
        kind: ``"vanilla"``: log loss, the generator's in its non-saturating form (Goodfellow et
            al. 2014). ``"hinge"`` (Lim and Ye 2017). ``"least-squares"`` (Mao et al. 2017), real
            is 1 and fake is 0, without the factor 1/2. ``"relativistic"`` (Jolicoeur-Martineau
            2019): log loss of the difference between the two images of a pair.

    Returns:
        The discriminator's and the generator's loss.

    Raises:
        UsageError: There is no such kind.
    """
    games = {
        "vanilla": AdversarialLosses(
            d_loss=lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
            g_loss=lambda fake, _=None: F.softplus(-fake).mean(),
        ),
        "hinge": AdversarialLosses(
            d_loss=lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
            g_loss=lambda fake, _=None: -fake.mean(),
        ),
        "least-squares": AdversarialLosses(
            d_loss=lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
            g_loss=lambda fake, _=None: (fake - 1).square().mean(),
        ),
        "relativistic": AdversarialLosses(
            d_loss=relativistic.discriminator_loss,
            g_loss=lambda fake, real: relativistic.generator_loss(real, fake),
        ),
    }
    if kind not in games:
        raise UsageError(problem("adversarial loss", " or ".join(games), kind, "choose one"))
    return games[kind]
