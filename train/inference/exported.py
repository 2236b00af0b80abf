"""A generator that left its run: a folder with weights, a configuration and a card for people.

Convention:
    ``model.safetensors`` holds the weights by their names in the network and nothing else.
    ``config.json`` says what network they belong to and what must be known to draw with it; it
    holds the weights' SHA-256 and is published last, so that a folder with it is whole. Reading
    needs no network and runs nothing that a file holds.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from torch import Tensor

from shared.console import Console
from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import read_json
from shared.input_file import InputFile, read_input
from shared.settings import as_plain, build
from train.inference.familiar import FAMILIAR_NAME, Familiar, read_familiar
from train.inference.trained import Trained
from train.nets.generators import make_generator
from train.settings.networks import GeneratorSettings
from train.tensor_file import misfit

WEIGHTS_NAME: Final = "model.safetensors"
CONFIG_NAME: Final = "config.json"
FORMAT: Final = "posegan-generator"
VERSION: Final = 1
JOINTS: Final = "openpose-18"

NOTED: Final = ("weights", "graph", "familiar")
"""Keys of the configuration under which a file of the folder is noted."""

REMEDY: Final = "export it anew from its run"


def is_exported(path: Path) -> bool:
    """Tell whether a path is a folder with an exported generator."""
    return (path / CONFIG_NAME).is_file()


def weights_bytes(trained: Trained) -> bytes:
    """Return the weights in the form of safetensors: equal weights, equal bytes."""
    tensors = {name: value.contiguous() for name, value in trained.generator.state_dict().items()}
    return bytes(safetensors.torch.save(tensors, metadata={"format": "pt"}))


def config_of(
    trained: Trained, weights: bytes, training: Mapping[str, Any], made_with: Mapping[str, str]
) -> dict[str, Any]:
    """Return the configuration that is kept beside weights.

    Args:
        trained: The generator.
        weights: What :func:`weights_bytes` returned.
        training: How it was trained, plain values for people.
        made_with: Versions of the software.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "joints": JOINTS,
        "generator": as_plain(trained.generator.settings),
        "sigma": trained.sigma,
        "weights": file_note(WEIGHTS_NAME, weights),
        "origin": trained.origin,
        "training": dict(training),
        "versions": dict(made_with),
    }


def read_exported(path: Path, *, raw_weights: bool = False, console: Console) -> Trained:
    """Read an exported generator.

    Args:
        path: Its folder.
        raw_weights: Refused where it holds the average: an export has one set of weights.
        console: Not used: there is nothing to be passed over.

    Raises:
        UsageError: No such folder, one of a later version, or weights that it does not hold.
        DamagedError: The folder does not hold what was written.
    """
    config = read_config(path)
    origin = _origin(path, config)
    if raw_weights and origin["weights"] != "generator":
        found = f"the {origin['weights']} only"
        remedy = "leave --raw-weights out, or name the run itself"
        raise UsageError(problem(path, "an export of raw weights", found, remedy))
    settings = _generator_settings(path, config)
    file = _checked_file(path, config, "weights", WEIGHTS_NAME)
    tensors = _tensors(file)
    with torch.device("meta"):  # so that a forged configuration takes no memory
        found = misfit(make_generator(settings), tensors)
    if found:
        raise _damaged(file.path, f"the weights of {CONFIG_NAME}'s generator", found)
    generator = make_generator(settings)
    generator.load_state_dict(tensors)
    return Trained(
        generator=generator,
        image_size=settings.image_size,
        sigma=_sigma(path, config),
        poses=settings.drawn_poses,
        origin={**origin, "checkpoint": file.path.name, "sha256": file.sha256},
    )


def familiar_of(path: Path) -> Familiar | None:
    """Return what a folder keeps of its generator's training data; None where it keeps nothing.

    Raises:
        DamagedError: It holds something else than was written.
    """
    if not is_exported(path):
        return None
    config = read_config(path)
    if "familiar" not in config:
        return None
    file = _checked_file(path, config, "familiar", FAMILIAR_NAME)
    return read_familiar(file.content, file.path)


def file_note(name: str, content: bytes) -> dict[str, Any]:
    """Return how a configuration notes a file."""
    sha256 = hashlib.sha256(content).hexdigest()
    return {"file": name, "bytes": len(content), "sha256": sha256}


def noted_files(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that a configuration notes, by name, with their SHA-256."""
    notes = (config.get(key) for key in NOTED)
    return {
        str(note["file"]): str(note.get("sha256"))
        for note in notes
        if isinstance(note, dict) and "file" in note
    }


def read_config(path: Path) -> dict[str, Any]:
    """Read the configuration of an exported generator.

    Raises:
        UsageError: There is none, or a later version's.
        DamagedError: It is none of ours.
    """
    place = path / CONFIG_NAME
    if not place.is_file():
        remedy = "give a folder that export-generator made"
        raise UsageError(problem(path, f"an exported generator with {CONFIG_NAME}", "none", remedy))
    try:
        config: Any = read_json(place)
    except PoseGanError as error:
        raise DamagedError(error.message) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise _damaged(place, f"the format {FORMAT}", "another one")
    if config.get("version") != VERSION:
        expected, found = f"version {VERSION}", json.dumps(config.get("version"))[:40]
        raise UsageError(problem(place, expected, found, "install a posegan that knows it"))
    if config.get("joints") != JOINTS:
        raise _damaged(place, f"joints {JOINTS}", json.dumps(config.get("joints"))[:40])
    return config


def _generator_settings(path: Path, config: Mapping[str, Any]) -> GeneratorSettings:
    place, plain = path / CONFIG_NAME, config.get("generator")
    if not isinstance(plain, dict):
        raise _damaged(place, "a table by the name generator", type(plain).__name__)
    return build(GeneratorSettings, plain, where=place)


def _sigma(path: Path, config: Mapping[str, Any]) -> float:
    sigma = config.get("sigma")
    if isinstance(sigma, bool) or not isinstance(sigma, (int, float)):
        raise _damaged(path / CONFIG_NAME, "a number by the name sigma", type(sigma).__name__)
    if not math.isfinite(sigma) or sigma <= 0:
        raise _damaged(path / CONFIG_NAME, "sigma above 0", sigma)
    return float(sigma)


def _origin(path: Path, config: Mapping[str, Any]) -> dict[str, str]:
    origin = config.get("origin")
    texts = isinstance(origin, dict) and all(isinstance(text, str) for text in origin.values())
    if not isinstance(origin, dict) or not texts or "weights" not in origin:
        raise _damaged(path / CONFIG_NAME, "texts by the name origin", type(origin).__name__)
    return dict(origin)


def _checked_file(path: Path, config: Mapping[str, Any], key: str, name: str) -> InputFile:
    """Read a file once and compare it with what the configuration says of it."""
    noted = config.get(key)
    if not isinstance(noted, dict) or noted.get("file") != name:
        raise _damaged(path / CONFIG_NAME, f"{key} in {name}", "others")
    place = path / name
    try:
        size = place.stat().st_size
    except OSError as error:
        raise _damaged(place, f"the {key}", error.strerror) from error
    if not place.is_file() or size != noted.get("bytes"):
        raise _damaged(place, f"a file of {noted.get('bytes')} bytes", f"{size} bytes")
    file = read_input(place)
    if file.sha256 != noted.get("sha256"):
        found = f"{file.sha256[:12]}…"
        raise _damaged(place, f"SHA-256 {str(noted.get('sha256'))[:12]}…", found)
    return file


def _tensors(file: InputFile) -> dict[str, Tensor]:
    try:
        return dict(safetensors.torch.load(file.content))
    except Exception as error:  # the library documents none of its errors
        found = "a torn or foreign file"
        raise _damaged(file.path, "tensors in the form of safetensors", found) from error


def _damaged(where: object, expected: object, found: object) -> DamagedError:
    return DamagedError(problem(where, expected, found, REMEDY))
