from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from drawn_shards import publish_shards
from torch.utils.data import DataLoader

from train.data import MarketPoseDataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), size=(64, 48), train_shards=2)


def test_an_item_has_what_a_trainer_needs(folder: Path) -> None:
    item = MarketPoseDataset(folder)[5]
    shapes = {name: tuple(v.shape) for name, v in item.items() if isinstance(v, torch.Tensor)}
    assert shapes == {
        "source_image": (3, 64, 48), "target_image": (3, 64, 48),
        "source_pose": (18, 64, 48), "target_pose": (18, 64, 48),
        "source_joints": (18, 2), "target_joints": (18, 2),
        "target_quads": (10, 4, 2), "transforms": (10, 2, 3), "status": (10,),
    }  # fmt: skip
    assert item["source_image"].min() >= -1
    assert item["source_image"].max() <= 1
    assert item["source_name"] != item["target_name"]
    assert item["source_name"][:4] == item["target_name"][:4]


def test_items_are_in_the_order_of_the_pair_list(folder: Path) -> None:
    data = MarketPoseDataset(folder)
    names = [(data[k]["source_name"], data[k]["target_name"]) for k in range(len(data))]
    assert len(set(names)) == len(data) == 48
    assert [a[:4] for a, _ in names] == sorted(a[:4] for a, _ in names)


def test_the_second_half_is_the_first_mirrored(folder: Path) -> None:
    plain, mirrored = MarketPoseDataset(folder), MarketPoseDataset(folder, mirror=True)
    assert len(mirrored) == 2 * len(plain)
    assert torch.equal(mirrored[7 + 48]["target_image"], plain[7]["target_image"].flip(2))
    assert torch.equal(mirrored[7]["target_image"], plain[7]["target_image"])


@pytest.mark.process
def test_a_loader_with_worker_processes_gives_the_same_batches(folder: Path) -> None:
    data = MarketPoseDataset(folder, "test")
    alone = list(DataLoader(data, batch_size=5))
    spawned = DataLoader(data, batch_size=5, num_workers=1, multiprocessing_context="spawn")
    for a, b in zip(alone, spawned, strict=True):
        assert torch.equal(a["source_pose"], b["source_pose"])
        assert a["target_name"] == b["target_name"]


def test_items_are_numbered_like_a_list(folder: Path) -> None:
    data = MarketPoseDataset(folder)
    assert data[-1]["target_name"] == data[len(data) - 1]["target_name"]
    with pytest.raises(IndexError):
        data[len(data)]


def test_a_pickled_data_set_leaves_the_images_behind(folder: Path) -> None:
    assert len(pickle.dumps(MarketPoseDataset(folder))) < 20_000
