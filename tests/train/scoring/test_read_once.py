"""What is scored is what is hashed: a file that changes between two readings is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored_pictures import Results, make_results, save

from shared.console import Console
from shared.errors import UsageError
from shared.pictures import content_of
from train.scoring.evaluate import EvalSettings, score
from train.scoring.reading import digest_of

pytestmark = pytest.mark.long

CONSOLE = Console(quiet=True)
ALL = 5


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return make_results(tmp_path / "results", count=ALL)


def settings_for(results: Results, out: Path) -> EvalSettings:
    folder = results.folder
    return EvalSettings(
        out=out, generated=folder / "generated", real=folder / "real", protocols=("l1",)
    )


def watch(monkeypatch: pytest.MonkeyPatch, after: Callable[[Path, int], None]) -> list[Path]:
    """Note every reading of a picture, and do something after it."""
    read: list[Path] = []

    def noted(path: Path, max_bytes: int | None = None) -> bytes:
        content = content_of(path, max_bytes)
        read.append(path)
        after(path, read.count(path))
        return content

    monkeypatch.setattr("train.scoring.pictures.content_of", noted)
    return read


def test_a_picture_that_changes_between_two_readings_is_one_line(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = sorted((results.folder / "generated").iterdir())[-1]

    def change(path: Path, times: int) -> None:
        if path == victim and times == 1:
            save(victim, np.zeros_like(results.generated[0]))

    watch(monkeypatch, change)
    with pytest.raises(UsageError, match="another content") as refused:
        score(settings_for(results, tmp_path / "out"), CONSOLE)
    assert str(victim) in refused.value.message
    assert not (tmp_path / "out" / "metrics.json").exists()


def test_the_hash_is_of_what_was_scored_though_the_file_changes_afterwards(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted((results.folder / "generated").iterdir())
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def change(path: Path, times: int) -> None:
        if path in hashes and times == 2:  # the last reading
            path.write_bytes(b"painted over")

    read = watch(monkeypatch, change)
    report = score(settings_for(results, tmp_path / "out"), CONSOLE)
    assert all(read.count(path) == 2 for path in paths)
    assert report["files"]["generated"] == {"count": ALL, "sha256": digest_of(paths, hashes)}


def test_weights_are_hashed_as_they_were_loaded(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    file = weights / "alexnet-owt-7be5be79.pth"
    file.write_bytes(b"weights")

    class Network:
        def __init__(self, given: Any, _device: object) -> None:
            file.write_bytes(b"other weights")
            self.content = given.content

        def __call__(self, generated: Any, _real: Any) -> Any:
            assert self.content == b"weights"
            return generated.double().mean((1, 2, 3))

    monkeypatch.setitem(__import__("train.metrics.deep").metrics.deep.NETWORKS, "alexnet", Network)
    folder = results.folder
    settings = EvalSettings(
        out=tmp_path / "out", generated=folder / "generated", real=folder / "real",
        weights_dir=weights, protocols=("lpips",),
    )  # fmt: skip
    report = score(settings, CONSOLE)
    assert report["files"]["alexnet"]["sha256"] == hashlib.sha256(b"weights").hexdigest()
