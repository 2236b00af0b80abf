"""Batches, changes and triplets against their definitions."""

from __future__ import annotations

import itertools
import math

import torch
from torch.nn import functional as F

from train.reid.lesson import LESSON, Lesson, batch_rows, changed, triplets
from train.reid.network import SIZE, ReidNetwork, as_pixels, embeddings


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_a_batch_holds_as_many_people_with_as_many_pictures_each() -> None:
    identities = torch.arange(10).repeat(3)
    rows = batch_rows(identities, LESSON, seeded())
    drawn = identities[rows].view(LESSON.people, LESSON.pictures)
    assert (drawn == drawn[:, :1]).all() and len(set(drawn[:, 0].tolist())) == LESSON.people


def test_triplets_equal_their_definition_by_loops() -> None:
    embedded = F.normalize(torch.randn(8, 6, generator=seeded()))
    identities = torch.tensor([0, 0, 1, 1, 1, 2, 2, 0])
    losses = []
    for row in range(8):
        distances = {
            other: math.dist(embedded[row].tolist(), embedded[other].tolist()) for other in range(8)
        }
        like = max(d for o, d in distances.items() if identities[o] == identities[row])
        unlike = min(d for o, d in distances.items() if identities[o] != identities[row])
        losses.append(math.log1p(math.exp(3 * (like - unlike))))
    found = float(triplets(embedded, identities, 3.0))
    assert math.isclose(found, sum(losses) / 8, rel_tol=1e-4)


def test_changes_keep_the_size_and_follow_from_the_generator() -> None:
    images = torch.randint(0, 256, (5, *SIZE, 3), generator=seeded(), dtype=torch.uint8)
    first, again = (changed(images, LESSON, seeded()) for _ in range(2))
    assert torch.equal(first, again) and first.shape == (5, 3, *SIZE)
    pairs = itertools.combinations(range(5), 2)
    same = images[:1].expand(5, -1, -1, -1)
    each = changed(same, LESSON, seeded())
    assert all(not torch.equal(each[a], each[b]) for a, b in pairs)


def test_without_changes_a_picture_stays_or_is_mirrored() -> None:
    still = Lesson(shift_px=(0, 0), light=(0.0, 0.0), erased=0.0)
    images = torch.randint(0, 256, (8, *SIZE, 3), generator=seeded(), dtype=torch.uint8)
    whole = as_pixels(images)
    kinds = {
        "same" if torch.equal(row, one) else "mirrored" if torch.equal(row, one.flip(2)) else "else"
        for row, one in zip(changed(images, still, seeded()), whole, strict=True)
    }
    assert kinds == {"same", "mirrored"}


def test_the_rate_rises_then_falls_to_almost_nothing() -> None:
    rates = [LESSON.rate_at(step) for step in range(LESSON.steps)]
    assert rates[0] < rates[LESSON.warm_steps - 1] <= LESSON.rate + 1e-5
    assert rates[-1] < LESSON.rate / 50 and max(rates) > 0.9 * LESSON.rate


def test_embeddings_have_length_one_whatever_the_size_and_the_batch() -> None:
    network = ReidNetwork(9).eval()
    images = torch.randint(0, 256, (53, 40, 24, 3), generator=seeded(), dtype=torch.uint8)
    found = embeddings(network, images)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(53))
    torch.testing.assert_close(found[50:], embeddings(network, images[50:]))
    torch.testing.assert_close(found, embeddings(network, images.flip(2)))
    assert sum(p.numel() for p in ReidNetwork(60).parameters()) == 317_632
