"""The table of terms: weights of 0 leave a row out, the others are weighted and in order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from poses import random_poses

from shared.geometry import scale_joints
from train.losses.adversarial import adversarial_losses
from train.losses.matching import feature_matching_loss
from train.losses.nearest import nearest_neighbour_loss
from train.losses.objective import Objective
from train.losses.offsets import offset_roughness
from train.losses.painting import painted_share
from train.losses.reconstruction import l1_loss, perceptual_loss
from train.losses.relativistic import generator_loss
from train.losses.smoothness import total_variation
from train.losses.ssim import part_ssim_loss, ssim_loss
from train.losses.terms import TERMS, Beside, Term
from train.losses.vgg import PixelFeatures
from train.nets.layer_generator import COPYABLE, OWN_SHARE
from train.nets.partshapes import part_depths, part_shapes, ramp
from train.settings.tree import LossSettings

ALL = {
    "adversarial_weight": 2.0,
    "l1_weight": 3.0,
    "perceptual_weight": 5.0,
    "nearest_weight": 7.0,
    "ssim_weight": 11.0,
    "variation_weight": 13.0,
    "part_ssim_weight": 19.0,
    "matching_weight": 23.0,
    "painting_weight": 29.0,
}


def beside() -> Beside:
    torch.manual_seed(2)
    levels = [[torch.randn(2, 3, 6, 4), torch.randn(2, 5, 3, 2)] for _ in range(2)]
    poses = scale_joints(random_poses(np.random.default_rng(3), 2, 0.0), (128, 64), (12, 8))
    joints = torch.from_numpy(poses).float()
    return Beside(
        real_logits=torch.randn(2, 1, 3, 1),
        fake_levels=levels[0],
        real_levels=levels[1],
        target_joints=joints,
    )


def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(2, 1, 3, 1), torch.rand(2, 3, 12, 8) * 2 - 1, torch.rand(2, 3, 12, 8) * 2 - 1


def test_every_row_is_its_loss_times_its_weight():
    settings = LossSettings(**ALL, adversarial="hinge", nearest_window=5)
    logits, generated, target = given()
    pixels = PixelFeatures(["block2_conv1", "block1_conv2"])
    own, free = torch.rand(2, 12, 8), torch.rand(2, 12, 8)
    extras = {OWN_SHARE: own, COPYABLE: free}
    terms = Objective(settings, pixels).generator(logits, generated, target, extras, beside())
    fake, real = generated * 127.5, target * 127.5
    assert list(terms) == [name for name in TERMS if name != "offsets"]
    assert terms["adversarial"] == 2 * adversarial_losses("hinge").g_loss(logits)
    assert terms["l1"] == 3 * l1_loss(generated, target)
    assert terms["perceptual"] == 5 * perceptual_loss([fake], [real])
    assert terms["nearest"] == 7 * nearest_neighbour_loss(fake, real, 5)
    assert terms["ssim"] == 11 * ssim_loss(generated, target)
    assert terms["painting"] == 29 * painted_share(own, free)
    assert terms["variation"] == 13 * total_variation(generated)
    known = beside()
    assert terms["matching"] == 23 * feature_matching_loss(known.fake_levels, known.real_levels)
    masks = ramp(part_depths(part_shapes(known.target_joints), (12, 8), (12, 8)), 4 * 12 / 128)
    assert masks.amax() == 1 and terms["part_ssim"] > 0
    assert terms["part_ssim"] == 19 * part_ssim_loss(generated, target, masks)


def test_the_relativistic_term_compares_with_the_real_image_of_the_pair():
    settings = LossSettings(adversarial="relativistic", adversarial_weight=2.0)
    logits, generated, target = given()
    terms = Objective(settings, None).generator(logits, generated, target, beside=beside())
    assert terms["adversarial"] == 2 * generator_loss(beside().real_logits, logits)


@pytest.mark.parametrize("name", list(TERMS))
def test_a_weight_of_0_leaves_its_row_out(name):
    settings = LossSettings(**{**ALL, "offsets_weight": 17.0, f"{name}_weight": 0.0})
    pixels = PixelFeatures(["block2_conv1", "block1_conv2"])
    shares = dict.fromkeys((OWN_SHARE, COPYABLE), torch.rand(2, 12, 8))
    extras = {"offsets_0": torch.rand(2, 2, 12, 8), **shares}
    terms = Objective(settings, pixels).generator(*given(), extras, beside())
    assert list(terms) == [n for n in TERMS if n != name]


def test_offsets_are_weighted_and_other_extras_left_alone():
    settings = LossSettings(l1_weight=1.0, offsets_weight=17.0)
    levels = [torch.rand(2, 2, 12, 8), torch.rand(2, 2, 6, 4)]
    extras = {"offsets_0": levels[0], "offsets_1": levels[1], "masks": torch.rand(2, 2, 3, 3)}
    terms = Objective(settings, None).generator(*given(), extras)
    assert terms["offsets"] == 17 * offset_roughness(levels)


def test_gradients_reach_the_generated_images_alone():
    logits, generated, target = (value.requires_grad_() for value in given())
    terms = Objective(
        LossSettings(perceptual_weight=1.0, nearest_weight=1.0, adversarial_weight=0.0),
        PixelFeatures(["block2_conv1", "block1_conv2"]),
    ).generator(logits, generated, target)
    torch.stack(list(terms.values())).sum().backward()
    assert generated.grad.any() and target.grad is None and logits.grad is None


def test_a_row_of_ones_own_sees_the_extras():
    row = Term(weight=lambda s: s.l1_weight, value=lambda view: view.extras["offsets"].abs().sum())
    objective = Objective(LossSettings(l1_weight=0.5), None, {"smooth": row})
    terms = objective.generator(*given(), {"offsets": torch.tensor([1.0, -3.0])})
    assert {name: float(value) for name, value in terms.items()} == {"smooth": 2.0}
    with pytest.raises(KeyError, match="offsets"):
        objective.generator(*given())
