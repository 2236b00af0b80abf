"""Solids: tapered capsules in view space, and which of them each pixel shows.

Convention:
    A solid runs from point a to point b with radii there; its cross-section is round, or oval with
    a depth of ``depth`` times the radius. View space as in :mod:`preprocess.demo.drawing.body`, in
    pixels of the canvas, pixel centres at integers. The nearest surface wins, pixel by pixel, so
    limbs overlap as they do in space.

Source: ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.people import Material

Floats = NDArray[np.float64]
Reals = NDArray[np.float32]
Whole = NDArray[np.int64]

ROUND, FLAT, SLICE = 0.0, 1.0, 2.0
"""How a solid ends: in half balls, cut off at b like a hem, or cut off at both ends."""
FAR_AWAY = -1e6
LIMB, TRUNK, SKULL = 0, 1, 2
"""The frame in which the pattern of a solid's surface is drawn."""


@dataclass
class Solids:
    """A list of solids under construction, one row of numbers each."""

    rows: list[tuple[float, ...]] = field(default_factory=list)

    def add(
        self,
        a: Floats,
        b: Floats,
        radii: tuple[float, float],
        material: Material,
        *,
        end: Material | None = None,
        split: float = 2.0,
        depth: float = 1.0,
        hem: float = ROUND,
        frame: int = LIMB,
        along: float = 0.0,
    ) -> None:
        """Add one solid.

        Args:
            a: float64 (3,), where it begins.
            b: float64 (3,), where it ends.
            radii: At a and at b, in pixels.
            material: From a up to ``split``.
            end: Material from ``split`` on; the same by default.
            split: Share of the way from a to b.
            depth: Radius towards the viewer over the radius in the picture.
            hem: ROUND, FLAT or SLICE.
            frame: LIMB, TRUNK or SKULL.
            along: Where the pattern of the cloth begins at a, in torso lengths.
        """
        last = material if end is None else end
        self.rows.append(
            (*a, *b, *radii, depth, hem, split, float(material), float(last), float(frame), along)
        )


@dataclass(frozen=True)
class Surface:
    """What the pixels of a canvas show of some solids; row i belongs to one covered pixel.

    Attributes:
        pixels: int64 (n,), indices into the flat canvas.
        solid: int64 (n,), index of the solid that shows.
        t: float32 (n,), share of the way from a to b.
        normal: float32 (n, 3), of unit length.
        position: float32 (n, 3), where the surface is.
        size: (height, width) of the canvas.
        table: float32 (number of solids, 15), as :meth:`Solids.add` filled it.
    """

    pixels: Whole
    solid: Whole
    t: Reals
    normal: Reals
    position: Reals
    size: tuple[int, int]
    table: Reals

    def column(self, index: int) -> Reals:
        """Look up a column of the table for every covered pixel."""
        return self.table[:, index][self.solid]

    @property
    def material(self) -> Whole:
        """Material of every covered pixel, int64 (n,)."""
        later = self.t >= self.column(10)
        return np.where(later, self.column(12), self.column(11)).astype(np.int64)

    def depth_map(self) -> Reals:
        """Return z at every pixel of the canvas, float32 (height, width); far away where empty."""
        depth = np.full(self.size[0] * self.size[1], FAR_AWAY, dtype=np.float32)
        depth[self.pixels] = self.position[:, 2]
        return depth.reshape(self.size)


def oval(axes: Floats, half_width: float, half_depth: float) -> tuple[float, float]:
    """Project an oval trunk: half of its width in the picture, and its depth over its width."""
    left, front = axes[0], axes[2]
    width = float(np.hypot(half_width * left[0], half_depth * front[0]))
    depth = float(np.hypot(half_width * left[2], half_depth * front[2]))
    return width, depth / width


def surface(solids: Solids, size: tuple[int, int]) -> Surface:
    """Find what every pixel of a canvas shows.

    Args:
        solids: In pixels of this canvas.
        size: (height, width).

    Returns:
        The nearest surface at each covered pixel.
    """
    table = np.array(solids.rows, dtype=np.float32).reshape(-1, 15)
    solid, x, y = _candidates(table, size)
    ax, ay, az, bx, by, bz, ra, rb, depth, hem = np.ascontiguousarray(table.T[:10])
    lx, ly = bx - ax, by - ay
    squared = np.maximum(lx * lx + ly * ly, np.float32(1e-6))
    dx, dy = x - ax[solid], y - ay[solid]
    t_free = dx * (lx / squared)[solid] + dy * (ly / squared)[solid]
    t = np.clip(t_free, 0.0, 1.0)
    dx -= t * lx[solid]
    dy -= t * ly[solid]
    radius = ra[solid] + t * (rb - ra)[solid]
    height = 1.0 - (dx * dx + dy * dy) / (radius * radius)
    cut = ((t_free > 1.0) & (hem > ROUND)[solid]) | ((t_free < 0.0) & (hem == SLICE)[solid])
    keep = np.flatnonzero((height > 0) & ~cut)
    solid, t, dx, dy, radius = solid[keep], t[keep], dx[keep], dy[keep], radius[keep]
    height = np.sqrt(height[keep])
    z = az[solid] + t * (bz - az)[solid] + radius * depth[solid] * height
    flat = y[keep].astype(np.int64) * size[1] + x[keep].astype(np.int64)
    winner = _nearest(flat, z, size)
    rows = y[keep][winner]
    columns = x[keep][winner]
    solid, radius = solid[winner], radius[winner]
    normal = np.stack((dx[winner] / radius, dy[winner] / radius, height[winner]), axis=1)
    return Surface(
        pixels=flat[winner],
        solid=solid,
        t=t[winner],
        normal=normal,
        position=np.stack((columns, rows, z[winner]), axis=1),
        size=size,
        table=table,
    )


def _candidates(table: Reals, size: tuple[int, int]) -> tuple[Whole, Reals, Reals]:
    """List every (solid, pixel of its bounding box), as solid, x, y, each of shape (n,)."""
    height, width = size
    reach = np.repeat(table[:, 6:8, None], 2, axis=2)  # solid, end, axis
    axis = table[:, 3:5] - table[:, 0:2]
    length = np.maximum(np.hypot(axis[:, 0], axis[:, 1]), 1e-3)
    sliced = table[:, 9] == SLICE
    reach[sliced] *= (np.abs(axis[:, ::-1]) / length[:, None])[sliced, None, :]
    low = np.minimum(table[:, 0:2] - reach[:, 0], table[:, 3:5] - reach[:, 1])
    high = np.maximum(table[:, 0:2] + reach[:, 0], table[:, 3:5] + reach[:, 1])
    low = np.clip(np.floor(low), 0, (width, height)).astype(np.int64)
    high = np.clip(np.ceil(high) + 1, 0, (width, height)).astype(np.int64)
    columns, rows = (np.maximum(high - low, 0)).T
    counts = columns * rows
    solid = np.repeat(np.arange(len(table)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    across = np.maximum(columns, 1).astype(np.float32)
    cell = place.astype(np.float32)
    row = np.floor((cell + 0.5) * (1.0 / across)[solid])
    left, top = low.T.astype(np.float32)
    return solid, left[solid] + cell - row * across[solid], top[solid] + row


def _nearest(flat: Whole, z: Reals, size: tuple[int, int]) -> Whole:
    """Find the candidate with the greatest z at every covered pixel, by its index."""
    # one sort of whole numbers, depth above index: fast, and ties fall the same way everywhere
    keys = np.sort((z.astype(np.float64) * 256.0).astype(np.int64) << 24 | np.arange(len(z)))
    order = keys & 0xFFFFFF
    shown = np.full(size[0] * size[1], -1, dtype=np.int64)
    shown[flat[order]] = order  # the last assignment, the nearest candidate, stays
    return shown[shown >= 0]
