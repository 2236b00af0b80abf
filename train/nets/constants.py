"""Small constants of the method on the device that computes: made once, then kept.

A tensor made of Python's numbers on a CUDA device waits until the device has done all that it was
asked, and so does an index that is a list. In a step of training neither may stand: constants come
from here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from shared.affine import NO_TRANSFORM

_MARK = tuple(tuple(float(value) for value in row) for row in NO_TRANSFORM)


def constant(values: tuple[Any, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return numbers, nested in tuples, as a tensor that is shared: nobody may write to it.

    Args:
        values: The numbers.
        dtype: Their type.
        device: Where they are needed.
    """
    if torch.compiler.is_compiling():  # what is made while a graph is traced is no tensor
        return torch.tensor(values, dtype=dtype, device=device)
    return _kept(values, dtype, device)


@lru_cache(maxsize=256)
def _kept(values: tuple[Any, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):  # made there, it could serve no gradient later
        return torch.tensor(values, dtype=dtype, device=device)


def picked(values: Tensor, columns: tuple[int, ...]) -> Tensor:
    """Return some columns of ``(b, k, ...)`` in a given order: ``(b, len(columns), ...)``."""
    return values.index_select(1, constant(columns, torch.int64, values.device))


def no_transform(like: Tensor) -> Tensor:
    """Return the mark of a missing transform ``(2, 3)``, of the dtype and on the device given."""
    return constant(_MARK, like.dtype, like.device)
