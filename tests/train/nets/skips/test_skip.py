"""A kind that is a file and a row of its own: it learns, and hands extras to the objective."""

from __future__ import annotations

import pytest
import torch
from drawn_shards import random_arrays
from guides import random_guidance
from torch import Tensor, nn

from train.data.batch import make_batch
from train.data.store import store_from
from train.losses.objective import Objective
from train.losses.terms import TERMS, Term
from train.nets import kinds
from train.nets.generator import Generator
from train.nets.skips.skip import Skip, Skipped
from train.settings.networks import GeneratorSettings
from train.settings.presets import resolve
from train.state import TrainState
from train.step import train_step


class TintSkip(Skip):
    """Adds a learned offset of the target pose to the first level, and reports the offset."""

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__(settings)
        self.tint = nn.Conv2d(18, settings.filters[0], 1)
        nn.init.zeros_(self.tint.weight)
        nn.init.constant_(self.tint.bias, 0.25)

    def prepare(self, guidance):
        return guidance.target_pose

    def forward(self, features, prepared: Tensor) -> Skipped:
        offset = self.tint(prepared)
        return Skipped(levels=[features[0] + offset, *features[1:]], extras={"tint": offset})


BOUNDED = Term(weight=lambda _: 3.0, value=lambda view: view.extras["tint"].square().mean())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(kinds.SKIPS, "parts", TintSkip)
    small = {"base_channels": 2}
    return resolve("dsc", {"generator": {"image_size": (64, 48), **small}, "discriminator": small})


def test_a_kind_begins_as_it_wants_to_and_its_extras_leave_the_generator(settings, rng):
    generator = Generator(settings.generator)
    assert not generator.skip.tint.weight.any() and (generator.skip.tint.bias == 0.25).all()
    drawing = generator(*random_guidance(rng, (64, 48)))
    assert torch.equal(drawing.extras["tint"], torch.full((2, 2, 64, 48), 0.25))


def test_the_networks_beside_it_begin_as_with_any_other_kind(settings):
    torch.manual_seed(5)
    tinted = Generator(settings.generator)
    torch.manual_seed(5)
    TintSkip(settings.generator)  # draws as many numbers, in the same place
    kinds.SKIPS["parts"] = kinds.PartSkip
    plain = Generator(settings.generator)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, tinted.state_dict()[name])


@pytest.mark.parametrize("reuse", [False, True])
def test_the_objective_regularises_an_extra_and_its_gradient_reaches_the_skip(settings, reuse):
    settings = resolve("dsc", settings.lasting, {"data": {"reuse_fake": reuse}})
    state = TrainState(settings, torch.device("cpu"))
    store = store_from([random_arrays(4, identities=(2, 3))])

    def draw():
        return make_batch(store.gather(torch.arange(3)), None, sigma=6.0)

    report = train_step(state, Objective(settings.loss, None, {"bounded": BOUNDED}), draw)
    assert float(report.generator["bounded"]) == 3 * 0.25**2
    assert (state.generator.skip.tint.bias < 0.25).all()
    both = Objective(settings.loss, None, {**TERMS, "bounded": BOUNDED})
    report = train_step(state, both, draw)
    assert set(report.generator) == {"adversarial", "l1", "bounded", "gradient"}
