"""The record that steers generator and discriminator."""

from __future__ import annotations

import torch
from drawn_shards import random_arrays
from guides import random_guidance

from train.data.batch import make_batch
from train.data.store import store_from
from train.nets.guidance import Guidance


def test_a_repeated_batch_is_one_set_after_the_other(rng):
    _, guidance = random_guidance(rng, (64, 48), batch=3)
    twice = guidance.repeated(2)
    assert (len(guidance), len(twice)) == (3, 6)
    for name, value in vars(guidance).items():
        expected = torch.cat((value, value))
        torch.testing.assert_close(getattr(twice, name), expected, rtol=0, atol=0, equal_nan=True)
    assert guidance.repeated(1) is guidance


def test_image_size_is_height_and_width(rng):
    _, guidance = random_guidance(rng, (64, 48))
    assert guidance.image_size == (64, 48)
    assert guidance.device == torch.device("cpu")


def test_a_batch_gives_its_guidance_without_a_copy():
    store = store_from([random_arrays(4, identities=(2, 3))])
    batch = make_batch(store.gather(torch.arange(3)), None, sigma=6.0)
    renamed = {"quads": "target_quads"}
    for name in Guidance.__dataclass_fields__:
        assert getattr(batch.guidance, name) is getattr(batch, renamed.get(name, name))
