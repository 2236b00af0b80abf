"""The table of the generator's terms: what it is asked for, one row a loss.

A new loss is a function in a file of its own, a row here, and its weight in
:class:`train.settings.tree.LossSettings`. A row whose weight is 0 is never computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from train.losses.adversarial import adversarial_losses
from train.losses.matching import feature_matching_loss
from train.losses.nearest import nearest_neighbour_loss
from train.losses.offsets import offset_roughness
from train.losses.painting import painted_share
from train.losses.reconstruction import l1_loss, perceptual_loss
from train.losses.smoothness import total_variation
from train.losses.ssim import part_ssim_loss, ssim_loss
from train.nets.layer_generator import COPYABLE, OWN_SHARE
from train.nets.layer_stack import BORDER_HEIGHT, BORDER_PX
from train.nets.partshapes import part_depths, part_shapes, ramp
from train.nets.skips.skip import is_offsets
from train.settings.tree import LossSettings


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What only some terms ask for; what none asks for is left out.

    Attributes:
        real_logits: The discriminator's judgement of the targets, float32.
        fake_levels: The discriminator's features of the generated images, level by level.
        real_levels: The same of the targets.
        target_joints: float ``(b, 18, 2)`` in image pixels, NaN where absent.
    """

    real_logits: Tensor | None = None
    fake_levels: Sequence[Tensor] = ()
    real_levels: Sequence[Tensor] = ()
    target_joints: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """What a term may look at.

    Attributes:
        settings: Of all losses.
        fake_logits: The discriminator's judgement of the generated images, float32.
        generated: Images ``(b, 3, H, W)`` in [-1, 1].
        target: What they should be.
        extras: What the generator handed on beside its images (offsets, masks), by name.
        beside: What only some terms ask for.
        fake_features: Features of the generated images, by layer; empty where no term needs any.
        real_features: Features of the targets; no gradient flows into them.
    """

    settings: LossSettings
    fake_logits: Tensor
    generated: Tensor
    target: Tensor
    extras: Mapping[str, Tensor]
    beside: Beside
    fake_features: Mapping[str, Tensor]
    real_features: Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Term:
    """A row of the table.

    Attributes:
        weight: How much of it the settings ask for.
        value: The loss without its weight, a scalar.
    """

    weight: Callable[[LossSettings], float]
    value: Callable[[View], Tensor]


def _adversarial(view: View) -> Tensor:
    return adversarial_losses(view.settings.adversarial).g_loss(
        view.fake_logits, view.beside.real_logits
    )


def _perceptual(view: View) -> Tensor:
    layers = view.settings.perceptual_layers
    return perceptual_loss(
        [view.fake_features[layer] for layer in layers],
        [view.real_features[layer] for layer in layers],
    )


def _nearest(view: View) -> Tensor:
    layer = view.settings.nearest_layer
    return nearest_neighbour_loss(
        view.fake_features[layer], view.real_features[layer], view.settings.nearest_window
    )


def _offsets(view: View) -> Tensor:
    return offset_roughness([view.extras[name] for name in view.extras if is_offsets(name)])


def _painting(view: View) -> Tensor:
    return painted_share(view.extras[OWN_SHARE], view.extras[COPYABLE])


def _part_ssim(view: View) -> Tensor:
    joints = view.beside.target_joints
    assert joints is not None, "a step hands them over where their weight is not 0"
    size = (view.target.shape[2], view.target.shape[3])
    depths = part_depths(part_shapes(joints), size, size)
    masks = ramp(depths, BORDER_PX * size[0] / BORDER_HEIGHT)
    return part_ssim_loss(view.generated, view.target, masks)


TERMS: Mapping[str, Term] = {
    "adversarial": Term(weight=lambda s: s.adversarial_weight, value=_adversarial),
    "l1": Term(weight=lambda s: s.l1_weight, value=lambda v: l1_loss(v.generated, v.target)),
    "perceptual": Term(weight=lambda s: s.perceptual_weight, value=_perceptual),
    "nearest": Term(weight=lambda s: s.nearest_weight, value=_nearest),
    "offsets": Term(weight=lambda s: s.offsets_weight, value=_offsets),
    "painting": Term(weight=lambda s: s.painting_weight, value=_painting),
    "ssim": Term(weight=lambda s: s.ssim_weight, value=lambda v: ssim_loss(v.generated, v.target)),
    "part_ssim": Term(weight=lambda s: s.part_ssim_weight, value=_part_ssim),
    "matching": Term(
        weight=lambda s: s.matching_weight,
        value=lambda v: feature_matching_loss(v.beside.fake_levels, v.beside.real_levels),
    ),
    "variation": Term(
        weight=lambda s: s.variation_weight, value=lambda v: total_variation(v.generated)
    ),
}
