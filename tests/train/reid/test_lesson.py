"""Batches, changes and triplets against their definitions."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from train.reid.lesson import LESSON, Lesson, batch_rows, changed, cost, triplets
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
    assert sum(p.numel() for p in ReidNetwork(60).parameters()) == 646_208


def test_every_person_and_picture_is_drawn_sooner_or_later() -> None:
    identities, generator = torch.arange(10).repeat(3), seeded()
    drawn = torch.cat([batch_rows(identities, LESSON, generator) for _ in range(40)])
    assert drawn.unique().tolist() == list(range(30))


STILL = Lesson(shift_px=(0, 0), light=(0.0, 0.0), erased=0.0)


def flat(count: int, level: int = 200) -> torch.Tensor:
    return torch.full((count, *SIZE, 3), level, dtype=torch.uint8)


def test_a_piece_of_its_size_is_erased_somewhere_in_so_many_pictures() -> None:
    lesson = dataclasses.replace(STILL, erased=0.4)
    found = changed(flat(300), lesson, seeded()) == 0
    counts = found.all(1).sum((1, 2))
    assert set(counts.tolist()) == {0, 28 * 20} and 0.3 < (counts > 0).float().mean() < 0.5
    holes = found[counts > 0].all(1)
    assert set(holes.any(2).sum(1).tolist()) == {28} and set(holes.any(1).sum(1).tolist()) == {20}
    tops = holes.any(2).int().argmax(1)
    assert len(tops.unique()) > 30 and int(tops.max()) > 80


def test_light_changes_each_picture_within_its_bounds() -> None:
    lesson = dataclasses.replace(STILL, light=(0.05, 0.03))
    levels = changed(flat(200), lesson, seeded()).mean((1, 2, 3)) - (200 / 127.5 - 1)
    bound = 0.05 * (200 / 127.5 - 1) + 0.03
    assert (
        levels.abs().max() <= bound + 1e-6 and levels.max() > bound / 2 > -bound / 2 > levels.min()
    )
    dark = changed(flat(200, 0), dataclasses.replace(STILL, light=(0.05, 0.0)), seeded())
    assert 0.04 < (dark.mean((1, 2, 3)) + 1).abs().max() <= 0.05 + 1e-6  # contrast about grey


def test_pictures_move_in_both_directions_by_up_to_their_shift() -> None:
    image = flat(1, 0)
    image[:, 60, 30] = 255
    found = changed(
        image.expand(200, -1, -1, -1), dataclasses.replace(STILL, shift_px=(6, 4)), seeded()
    )
    rows, columns = zip(*(divmod(int(one[0].argmax()), SIZE[1]) for one in found), strict=True)
    assert set(rows) == set(range(54, 67))
    assert set(columns) == {*range(26, 35), *(63 - column for column in range(26, 35))}


def test_the_rate_is_a_cosine_after_its_rise() -> None:
    lesson = Lesson(steps=100, rate=1.0, warm_steps=10)
    assert lesson.rate_at(0) == pytest.approx(0.1 + 1e-5)
    assert lesson.rate_at(50) == pytest.approx(0.5 + 1e-5)
    assert lesson.rate_at(75) == pytest.approx((1 - math.sqrt(0.5)) / 2 + 1e-5)


def test_the_cost_is_smoothed_entropy_and_triplets_of_directions() -> None:
    torch.manual_seed(0)
    network = ReidNetwork(5)
    pixels = torch.randn(10, 3, *SIZE)
    identities = torch.arange(5).repeat(2)
    found = cost(network, pixels, identities, LESSON)
    embedded = network(pixels)
    logs = F.log_softmax(network.classes(embedded), dim=1)
    own = logs[torch.arange(10), identities]
    entropy = -(0.9 * own + 0.1 * logs.mean(1)).mean()
    directions = embedded / embedded.norm(dim=1, keepdim=True)
    torch.testing.assert_close(found, entropy + triplets(directions, identities, 5.0))
