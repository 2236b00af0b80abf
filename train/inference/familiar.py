"""How like the training data a picture is: its distance to the nearest picture learned from.

Convention:
    Distances are taken between features (:mod:`train.inference.picture_features`) along the axes
    in which those of the training data vary, each divided by its deviation there. The limit is the
    99th percentile of the training pictures' own distances to the nearest picture of somebody else.
    Negatives have the same fineness and contrasts, and so lie near: one axis more tells training
    pictures from their own negatives, and its limit is the 99th percentile of the former. So of new
    pictures of the same kind about two in a hundred are called unlike.

Source: nearest neighbours in a whitened space, and Fisher's discriminant (1936); the features are
ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from shared.errors import DamagedError, problem
from shared.geometry import Float64s

FAMILIAR_NAME: Final = "familiar.safetensors"

MOST_PICTURES: Final = 4096
"""Training pictures that are looked at; of more, so many are drawn by chance."""

MOST_KEPT: Final = 1024
"""Training pictures whose features are kept."""

PERCENTILE: Final = 99.0
NUM_AXES: Final = 24
FLOOR: Final = 0.05
"""Deviations below this share of the largest count as so large: there is nothing but noise."""

FEWEST: Final = 8
"""Of fewer pictures, or of one person's, nothing can be said."""


@dataclass(frozen=True, kw_only=True)
class Familiar:
    """What is kept of the training data, and how far from it is far.

    Args:
        centre: float32 (k,), mean of the features.
        axes: float32 (k, a), what features less their mean are multiplied by.
        known: float16 (n, a), features of training pictures along the axes.
        limit: float32 (1,), a distance above it is unlike.
        negative: float32 (k,), what features less their mean are multiplied by to see how much
            like a negative they are; above 1 is unlike.
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float32]
    known: NDArray[np.float16]
    limit: NDArray[np.float32]
    negative: NDArray[np.float32]

    def strangeness(self, features: Float64s) -> Float64s:
        """Return how far features (n, k) are from the known ones, (n,); above 1 is unlike."""
        centred = features - self.centre
        placed = centred @ self.axes.astype(np.float64)
        far = _nearest(placed, self.known.astype(np.float64)) / float(self.limit[0])
        strange: Float64s = np.maximum(far, centred @ self.negative.astype(np.float64))
        return strange

    @property
    def content(self) -> bytes:
        """The same as a file of :data:`FAMILIAR_NAME`."""
        arrays = {
            field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)
        }
        return bytes(safetensors.numpy.save(arrays))


def learned(features: Float64s, identities: NDArray[Any], negatives: Float64s) -> Familiar | None:
    """Learn what is familiar.

    Args:
        features: float64 (n, k) of training pictures, n at most :data:`MOST_PICTURES`.
        identities: (n,), who is in them.
        negatives: float64 (m, k) of the negatives of some of them.

    Returns:
        None where the pictures are too few, or all of one person.
    """
    if len(features) < FEWEST or len(set(identities.tolist())) < 2:
        return None
    centre = features.mean(axis=0).astype(np.float32)
    axes = _axes(features - centre).astype(np.float32)
    placed = (features - centre) @ axes.astype(np.float64)
    kept = np.linspace(0, len(features) - 1, min(len(features), MOST_KEPT)).round().astype(int)
    known = placed[kept].astype(np.float16)
    same = identities[:, None] == identities[kept]
    distances = _nearest(placed, known.astype(np.float64), left_out=same)
    limit = np.percentile(distances[np.isfinite(distances)], PERCENTILE)
    return Familiar(
        centre=centre,
        axes=axes,
        known=known,
        limit=np.array([max(limit, 1e-6)], np.float32),
        negative=_contrast(features - centre, negatives - centre).astype(np.float32),
    )


def read_familiar(content: bytes, where: object) -> Familiar:
    """Read back what :attr:`Familiar.content` gave.

    Raises:
        DamagedError: It holds something else.
    """
    try:
        arrays = safetensors.numpy.load(content)
        found = Familiar(**arrays)
    except Exception as error:  # the library documents none of its errors
        raise _damaged(where, "another file") from error
    for broken, text in _rules(found):
        if broken():
            raise _damaged(where, text)
    return found


def _rules(found: Familiar) -> Iterable[tuple[Callable[[], bool], str]]:
    """List what may be wrong with arrays, in an order in which each may be asked."""
    k, a = found.centre.size, found.axes.shape[-1] if found.axes.ndim == 2 else -1
    shapes = (
        found.centre.shape,
        found.negative.shape,
        found.axes.shape,
        found.known.shape[1:],
        found.limit.shape,
    )
    every = [getattr(found, field.name) for field in fields(found)]
    return (
        (
            lambda: shapes != ((k,), (k,), (k, a), (a,), (1,)) or not len(found.known),
            "other shapes",
        ),
        (lambda: any(each.dtype.kind != "f" for each in every), "other numbers"),
        (lambda: not all(np.isfinite(each).all() for each in every), "numbers that are not finite"),
        (lambda: not found.limit[0] > 0, "no limit"),
    )


def _axes(centred: Float64s) -> Float64s:
    """Return (k, a): features are standardised, turned into their main axes, and whitened."""
    scale = 1 / np.maximum(centred.std(axis=0), 1e-9)
    _, deviations, turns = np.linalg.svd(centred * scale, full_matrices=False)
    deviations = deviations / np.sqrt(len(centred))
    number = min(NUM_AXES, len(deviations))
    lengths = np.maximum(deviations[:number], FLOOR * deviations[0])
    axes: Float64s = scale[:, None] * turns[:number].T / lengths
    return axes


def _contrast(centred: Float64s, negatives: Float64s) -> Float64s:
    """Return the direction (k,) to the negatives; 99 % of the training pictures are below 1."""
    scale = 1 / np.maximum(centred.std(axis=0), 1e-9)
    ours, theirs = centred * scale, negatives * scale
    spread = np.cov(ours.T) + np.cov(theirs.T) + 1e-3 * np.eye(len(scale))
    direction = scale * np.linalg.solve(spread, theirs.mean(axis=0) - ours.mean(axis=0))
    limit = float(np.percentile(centred @ direction, PERCENTILE))
    found: Float64s = direction / max(limit, 1e-9)
    return found


def _nearest(
    placed: Float64s, known: Float64s, left_out: NDArray[np.bool_] | None = None
) -> Float64s:
    """Return each row's distance to the nearest known row; infinite where all are left out."""
    squares = (placed**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * placed @ known.T
    if left_out is not None:
        squares[left_out] = np.inf
    distances: Float64s = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
    return distances


def _damaged(where: object, found: str) -> DamagedError:
    return DamagedError(problem(where, "features of training data", found, "export it anew"))
