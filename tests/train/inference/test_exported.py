"""Reading exported generators: damaged, forged and later folders are one line each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from training_runs import QUIET

from shared.errors import DamagedError, UsageError
from train.inference.exported import config_of, is_exported, read_exported, weights_bytes
from train.inference.trained import Trained
from train.nets.generators import make_generator
from train.settings.networks import GeneratorSettings

SMALL = GeneratorSettings(skips="none", base_channels=1, image_size=(16, 8), fidelity=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    origin = {"checkpoint": "checkpoint-0000000008.pt", "sha256": "0" * 64, "weights": "average"}
    trained = Trained(generator=make_generator(SMALL), image_size=(16, 8), sigma=5.0, origin=origin)
    weights = weights_bytes(trained)
    (tmp_path / "model.safetensors").write_bytes(weights)
    config = config_of(trained, weights, {"preset": "baseline"}, {"posegan": "0.2"})
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def change(folder: Path, alter: Callable[[dict[str, Any]], None]) -> None:
    config = json.loads((folder / "config.json").read_text())
    alter(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_what_was_written_is_read(folder: Path) -> None:
    read = read_exported(folder, console=QUIET)
    assert is_exported(folder)
    assert (read.image_size, read.sigma, read.poses) == ((16, 8), 5.0, "heat-maps")
    torch.manual_seed(0)
    for name, value in make_generator(SMALL).state_dict().items():
        assert torch.equal(read.generator.state_dict()[name], value)
    assert read.origin["checkpoint"] == "model.safetensors"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "another"),
        ("joints", "coco-17"),
        ("generator", []),
        ("sigma", None),
        ("sigma", True),
        ("sigma", "6"),
        ("sigma", -1.0),
        ("sigma", float("nan")),
        ("sigma", float("inf")),
        ("origin", None),
        ("origin", {"weights": 1}),
        ("weights", "model.safetensors"),
        ("weights", {"file": "../model.safetensors"}),
        ("weights", {"file": "model.safetensors", "bytes": 3, "sha256": "0"}),
    ],
)
def test_a_configuration_that_nobody_wrote_is_damage(folder: Path, key: str, value: Any) -> None:
    change(folder, lambda config: config.update({key: value}))
    with pytest.raises(DamagedError) as caught:
        read_exported(folder, console=QUIET)
    assert "\n" not in str(caught.value) and "export it anew" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '"text"', "\udcff"])
def test_a_torn_configuration_is_damage(folder: Path, text: str) -> None:
    (folder / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DamagedError):
        read_exported(folder, console=QUIET)


@pytest.mark.parametrize(
    ("key", "value"),
    [("skips", "unknown"), ("base_channels", 1e9), ("image_size", [1, 1]), ("surprise", 1)],
)
def test_a_network_that_cannot_be_is_refused(folder: Path, key: str, value: Any) -> None:
    change(folder, lambda config: config["generator"].update({key: value}))
    with pytest.raises(UsageError):
        read_exported(folder, console=QUIET)


def test_a_forged_size_is_found_without_building_the_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, lambda config: config["generator"].update(base_channels=512))
    real, devices = make_generator, []

    def watched(settings: GeneratorSettings) -> torch.nn.Module:
        made = real(settings)
        devices.append(next(made.parameters()).device.type)
        return made

    monkeypatch.setattr("train.inference.exported.make_generator", watched)
    with pytest.raises(DamagedError, match="another network"):
        read_exported(folder, console=QUIET)
    assert devices == ["meta"]


def test_a_later_version_asks_for_a_later_program(folder: Path) -> None:
    change(folder, lambda config: config.update(version=2))
    with pytest.raises(UsageError, match="install a posegan that knows it"):
        read_exported(folder, console=QUIET)


@pytest.mark.parametrize("at", [0, 7, 100, -1])
def test_one_flipped_bit_of_the_weights_is_found(folder: Path, at: int) -> None:
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[at] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(DamagedError, match="SHA-256"):
        read_exported(folder, console=QUIET)


def test_weights_of_code_are_never_run(folder: Path) -> None:
    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (folder / "ran",)

    torch.save({"weights": Code()}, folder / "model.safetensors")
    data = (folder / "model.safetensors").read_bytes()
    noted = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(folder, lambda config: config["weights"].update(noted))
    with pytest.raises(DamagedError, match="safetensors"):
        read_exported(folder, console=QUIET)
    assert not (folder / "ran").exists()


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(DamagedError, match=r"model\.safetensors"):
        read_exported(folder, console=QUIET)


def test_raw_weights_of_an_averaged_export_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="raw weights"):
        read_exported(folder, raw_weights=True, console=QUIET)
