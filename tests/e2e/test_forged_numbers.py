"""A manifest with forged numbers and a right hash: every command that reads it says one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import call
from drawn_shards import publish_shards
from made_once import made_once
from odd_values import fault_of
from training_runs import small_settings, train

from data_manifest.manifest import MANIFEST_FILE, _own_hash

pytestmark = [pytest.mark.long, pytest.mark.slow]

ODD: dict[str, Any] = {
    "negative": -1,
    "zero": 0,
    "huge": 10**12,
    "beyond 64 bits": 10**30,
    "a fraction": 2.5,
    "a whole float": 2.0,
    "no number": float("nan"),
    "infinite": float("inf"),
    "text": "2",
    "true": True,
    "nothing": None,
    "a list": [2],
    "a table": {"a": 2},
}

Forge = Callable[[dict[str, Any], Any], None]


def of_entry(key: str) -> Forge:
    def forge(plain: dict[str, Any], value: Any) -> None:
        plain["shards"][0][key] = value

    return forge


def of_manifest(key: str) -> Forge:
    def forge(plain: dict[str, Any], value: Any) -> None:
        plain[key] = value

    return forge


def identities(plain: dict[str, Any], value: Any) -> None:
    plain["shards"][0]["identities"] = [value]


def height(plain: dict[str, Any], value: Any) -> None:
    plain["image_size"] = [value, plain["image_size"][1]]


def width(plain: dict[str, Any], value: Any) -> None:
    plain["image_size"] = [plain["image_size"][0], value]


def both_counts(plain: dict[str, Any], value: Any) -> None:
    """Counts and size of one shard, so that they fit each other."""
    plain["shards"][0] |= {"num_pairs": value, "num_images": value, "num_bytes": 10**18}


def summary_table(plain: dict[str, Any], value: Any) -> None:
    plain["summary"] = {"table": value}


def summary_rows(plain: dict[str, Any], value: Any) -> None:
    plain["summary"] = {"table": {"columns": ["a", "b"], "rows": [value, [value]]}}


def file_hash(plain: dict[str, Any], value: Any) -> None:
    plain["files"]["images.csv"] = value


FORGERIES: dict[str, Forge] = {
    **{key: of_entry(key) for key in ("num_pairs", "num_images", "num_bytes", "sha256", "file")},
    **{
        key: of_manifest(key)
        for key in ("version", "image_size", "shards", "settings", "versions", "files", "summary")
    },
    "identities": identities,
    "height": height,
    "width": width,
    "counts and bytes": both_counts,
    "summary table": summary_table,
    "summary rows": summary_rows,
    "hash of a table": file_hash,
}


def make(folder: Path) -> None:
    shards = publish_shards(folder / "shards", train_shards=1)
    train(small_settings(shards, channels=1, max_images=4), shards, folder / "run")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "forged", make)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", FORGERIES)
def test_forged_numbers_end_in_one_line(what: str, data: Path, tmp_path: Path) -> None:
    shards, path = tmp_path / "shards", tmp_path / "shards" / MANIFEST_FILE
    shutil.copytree(data / "shards", shards)
    right, faults = path.read_text(), {}
    small = ("--preset", "dsc", "--channels", 1, "--features", "pixels", "--max-images", 2)
    for number, (case, value) in enumerate(ODD.items()):
        plain = json.loads(right)
        del plain["sha256"]
        FORGERIES[what](plain, value)
        if case == "beyond 64 bits" and what == "counts and bytes":
            plain["shards"][0]["num_bytes"] = 10**40
        path.write_text(json.dumps({**plain, "sha256": _own_hash(plain)}))
        out = tmp_path / f"out-{number}"
        calls: list[tuple[object, ...]] = [
            ("inspect-shards", shards),
            ("inspect-shards", shards, "--verify"),
            ("inspect-shards", shards, "--sheet", f"{out}.png", "--pairs", 1),
            ("train-gan", "--shards", shards, *small, "--out", f"{out}-run"),
            ("train-gan", "--shards", shards, *small, "--out", f"{out}-ram", "--data", "stream"),
            ("eval-gan", "--run", data / "run", "--shards", shards, "--protocols", "l1", "--limit",
             1, "--out", f"{out}-scores"),
        ]  # fmt: skip
        for name, *words in calls:
            done = call(str(name), *words)
            if fault := fault_of(done.exit_code, done.stderr, done.exception):
                faults[f"{case}: {name} {words[1:3]}"] = fault
    assert not faults, "\n".join(f"{case}: {fault}" for case, fault in faults.items())
