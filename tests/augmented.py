"""Augmented folders made of one small data set, and what tests look up in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from click.testing import Result
from commands import call

from shared.console import Console
from shared.files import Disk
from train.augment.make import augment_reid
from train.augment.settings import AugmentSettings

TRAIN = "bounding_box_train"


def augment(data: Path, out: Path, disk: Disk | None = None, **more: Any) -> Path:
    given = {
        "model": str(data / "run"), "shards": data / "shards", "market": data / "real",
        "out": out, "per_image": 2, "device": "cpu",
    }  # fmt: skip
    augment_reid(AugmentSettings(**(given | more)), Console(quiet=True), disk)
    return out


def typed(data: Path, out: Path, *more: object) -> Result:
    words = ("--model", data / "run", "--shards", data / "shards", "--market", data / "real")
    return call("augment-reid", *words, "--device", "cpu", "--out", out, *more)


def files_of(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def table_of(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "provenance.csv")
