"""Whether key points lie in their images, as a published file has them or with x and y exchanged.

The published form has y first. A file whose columns were written the other way is of the right
form in every line, and only its points tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from shared.geometry import presence

SUSPICIOUS_SHARE: Final = 0.05
"""Of the points outside; the field's own files have next to none."""

LARGEST_SHARE: Final = 0.5
"""With more points outside, the file is of other images or of another size of them."""

BORDER: Final = 0.02
"""So far beyond the border, as a share of the side, a point still counts as inside."""


def refuse_points_outside(
    where: Path, joints: NDArray[np.floating[Any]], sizes: NDArray[np.integer[Any]]
) -> None:
    """Make sure that key points are those of their images, and x and y not exchanged.

    Some points outside are accepted, unless most of them would lie inside the other way round.

    Args:
        where: The file.
        joints: Floats (n, 18, 2), (x, y) in pixels, NaN where absent.
        sizes: Integers (n, 2), (height, width) of the images.

    Raises:
        UsageError: They are not; the message counts both readings.
    """
    known = presence(joints)
    points, sides = joints[known], np.repeat(sizes, known.sum(axis=1), axis=0)
    count = len(points)
    inside, exchanged = (_count_inside(read, sides) for read in (points, points[:, ::-1]))
    outside = count - inside
    likely_exchanged = outside > SUSPICIOUS_SHARE * count and 2 * (count - exchanged) < outside
    if not likely_exchanged and outside <= LARGEST_SHARE * count:
        return
    found = (
        f"as written {inside:,} of {count:,} points inside, "
        f"with x and y exchanged {exchanged:,} of {count:,}"
    )
    remedy = (
        "exchange the two columns: the published form has y first"
        if likely_exchanged
        else "give the key points of these images, in their pixels"
    )
    raise UsageError(problem(where, "points that lie in their images", found, remedy))


def _count_inside(points: NDArray[Any], sizes: NDArray[Any]) -> int:
    sides = sizes[:, ::-1]
    near = (points >= -BORDER * sides) & (points <= (1 + BORDER) * sides)
    return int(near.all(axis=1).sum())
