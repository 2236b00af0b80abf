from __future__ import annotations

import numpy as np
import torch
from drawn_shards import random_arrays
from twin_geometry import mirror_joints, mirror_status, mirror_transforms

from shared.affine import pair_transforms
from shared.geometry import mask_quads
from train.data.batch import make_batch, mirror_samples, scaled, unscaled
from train.data.store import Samples, Store, store_from

SIZE = (64, 48)


def some_store() -> Store:
    return store_from([random_arrays(4, identities=(2, 3), size=SIZE)])


def some_samples() -> Samples:
    store = some_store()
    return store.gather(torch.arange(store.num_pairs))


def all_mirrored(samples: Samples) -> Samples:
    return mirror_samples(samples, torch.ones(len(samples.status), dtype=torch.bool))


def test_convention_images_are_minus_one_to_one_and_round_trip() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 4, 64, 1).expand(1, 4, 64, 3)
    images = scaled(levels)
    assert images.shape == (1, 3, 4, 64)
    assert float(images.min()) == -1.0
    assert abs(float(images.max()) - 1.0) < 1e-6
    assert torch.equal(unscaled(images), levels)


def test_mirroring_equals_the_numpy_forms() -> None:
    samples = some_samples()
    mirrored = all_mirrored(samples)
    width = SIZE[1]
    joints = samples.target_joints.numpy()
    np.testing.assert_allclose(mirrored.target_joints, mirror_joints(joints, width), atol=1e-5)
    expected = mirror_transforms(samples.transforms.numpy(), width)
    np.testing.assert_allclose(mirrored.transforms, expected, rtol=1e-5, atol=1e-3)
    assert (mirrored.status.numpy() == mirror_status(samples.status.numpy())).all()
    assert torch.equal(mirrored.source_images, samples.source_images.flip(2))


def test_mirroring_equals_preparing_the_mirrored_pictures() -> None:
    samples = some_samples()
    mirrored = all_mirrored(samples)
    transforms, status = pair_transforms(
        mirrored.source_joints.double().numpy(), mirrored.target_joints.double().numpy()
    )
    assert (mirrored.status.numpy() == status).all()
    np.testing.assert_allclose(mirrored.transforms, transforms, rtol=1e-3, atol=2e-2)
    quads = mask_quads(mirrored.target_joints.numpy(), SIZE)
    np.testing.assert_allclose(mirrored.target_quads, quads, atol=1e-3)


def test_mirroring_twice_changes_nothing() -> None:
    samples = some_samples()
    twice = all_mirrored(all_mirrored(samples))
    for name, before in samples.tensors().items():
        after = getattr(twice, name)
        assert torch.allclose(after.float(), before.float(), atol=1e-4, equal_nan=True), name


def test_only_the_marked_samples_are_mirrored() -> None:
    samples = some_samples()
    marks = torch.arange(len(samples.status)) % 3 == 0
    mixed, full = mirror_samples(samples, marks), all_mirrored(samples)
    for name, before in samples.tensors().items():
        after, other = getattr(mixed, name), getattr(full, name)
        assert torch.equal(after[~marks].nan_to_num(-7), before[~marks].nan_to_num(-7)), name
        assert torch.equal(after[marks].nan_to_num(-7), other[marks].nan_to_num(-7)), name


def test_a_batch_has_memory_of_its_own() -> None:
    samples = some_samples()
    batch = make_batch(samples, None, sigma=6.0)
    before = {name: value.clone() for name, value in vars(batch).items()}
    for tensor in samples.tensors().values():
        tensor.fill_(1)
    for name, value in vars(batch).items():
        assert torch.equal(value.nan_to_num(-7), before[name].nan_to_num(-7)), name


def test_heat_maps_peak_at_the_joints_and_are_zero_where_absent() -> None:
    samples = some_samples()
    batch = make_batch(samples, None, sigma=6.0)
    absent = torch.isnan(samples.target_joints[..., 0])
    peaks = batch.target_pose.amax(dim=(2, 3))
    assert (peaks[absent] == 0).all()
    inside = ~absent & (samples.target_joints >= 0).all(-1)
    inside &= (samples.target_joints < torch.tensor([SIZE[1], SIZE[0]])).all(-1)
    assert (peaks[inside] > 0.9).all()
