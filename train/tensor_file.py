"""Files of tensors, read without running what they hold: the only ``torch.load`` of training.

Convention:
    Whatever is wrong with a file, torn, foreign, or code in pickled form, is one
    :class:`~shared.errors.DamagedError` in the words of this project.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from shared.errors import DamagedError, problem
from shared.input_file import InputFile


def read_plain(source: Path | bytes, *, where: object, expected: str, remedy: str) -> Any:
    """Read a file of torch that holds tensors and plain values only, into RAM.

    Args:
        source: The file, or its bytes.
        where: Its name in the error.
        expected: What the file should be, for the error.
        remedy: What the user can do.

    Returns:
        What was saved, of whatever form.

    Raises:
        DamagedError: The file cannot be read, is torn or foreign, or holds more than that.
    """
    file = source if isinstance(source, Path) else io.BytesIO(source)
    # A library that was imported before may have allowed classes of its own.
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises a dozen kinds, none of which it documents
        found = "a torn or foreign file, or one that holds more than tensors"
        if isinstance(error, OSError) and error.strerror:
            found = error.strerror
        raise DamagedError(problem(where, expected, found, remedy)) from error
    finally:
        torch.serialization.add_safe_globals(allowed)


def read_weights(file: Path | InputFile, *, expected: str, remedy: str) -> dict[str, Tensor]:
    """Read a file of weights.

    Args:
        file: The file, or what was read of it.
        expected: What it should be, for the error.
        remedy: What the user can do.

    Returns:
        Names to tensors.

    Raises:
        DamagedError: It is no file of tensors by name.
    """
    path = file.path if isinstance(file, InputFile) else file
    source = file.content if isinstance(file, InputFile) else file
    content = read_plain(source, where=path, expected=expected, remedy=remedy)
    if not isinstance(content, dict):
        found = f"a {type(content).__name__} and no tensors by name"
        raise DamagedError(problem(path, expected, found, remedy))
    wrong = [
        name
        for name, value in content.items()
        if not (isinstance(name, str) and isinstance(value, Tensor))
    ]
    if wrong:
        found = f"no tensor by the name {str(wrong[0])[:60]!r}"
        raise DamagedError(problem(path, expected, found, remedy))
    return dict(content)


def misfit(network: nn.Module, weights: object) -> str:
    """Say in plain words why weights are not those of a network; "" where they are.

    Args:
        network: The network that they are meant for.
        weights: Names to tensors, or whatever a file held instead.
    """
    if not isinstance(weights, Mapping):
        return f"a {type(weights).__name__} and no tensors by name"
    own = network.state_dict()
    for name, tensor in own.items():
        given = weights.get(name)
        if not isinstance(given, Tensor):
            return f"another network: no tensor by the name {name}"
        if given.shape != tensor.shape:
            shapes = f"{tuple(given.shape)}, not {tuple(tensor.shape)}"
            return f"another network: {name} of shape {shapes}"
        if given.is_floating_point() != tensor.is_floating_point() or given.is_complex():
            return f"another network: {name} of type {str(given.dtype).removeprefix('torch.')}"
    further = [str(name)[:60] for name in weights if name not in own]
    return f"another network: {further[0]} besides" if further else ""
