"""The result forms of the field: pictures of several panels, and names that say which pair.

Convention:
    A picture is a row of panels of one width, from left to right. The name of a pair is FROM and
    TO, the names of source and target; a file's name may also say nothing.

Source: the published result folders of Def-GAN (``FROM.jpg_TO.jpg.png``: source, target,
generated), PATN (``FROM___TO_vis.jpg``: source, source pose, target, target pose, generated) and
GFLA (``FROM_2_TO_vis.jpg``: generated alone).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from shared.errors import UsageError, problem

ROLES: Final = ("source", "source-pose", "target", "target-pose", "generated", "other")

DEFAULT_LAYOUTS: Final = {
    1: ("generated",),
    3: ("source", "target", "generated"),
    5: ("source", "source-pose", "target", "target-pose", "generated"),
}

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")

_TWO_FILE_NAMES: Final = re.compile(
    r"(?P<source>.+\.(?:jpe?g|png|bmp))_(?P<target>.+\.(?:jpe?g|png|bmp))", re.IGNORECASE
)


class PairNames(NamedTuple):
    """Names of source and target, without the suffix of an image file."""

    source: str
    target: str


def bare_name(name: str) -> str:
    """Drop one suffix of an image file, if there is one."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in IMAGE_SUFFIXES else name


def pair_names(file_name: str) -> PairNames | None:
    """Read the names of source and target from the name of a result.

    Args:
        file_name: Name with or without its suffix.

    Returns:
        Both names, or None where the file name does not say them.
    """
    name = bare_name(file_name)
    both = _split(name.removesuffix("_vis")) or _split(name)
    return None if both is None else PairNames(*map(bare_name, both))


def _split(name: str) -> tuple[str, str] | None:
    source, bar, target = name.partition("___")
    if not bar:
        match = _TWO_FILE_NAMES.fullmatch(name) or _TWO_FILE_NAMES.fullmatch(f"{name}.jpg")
        source, target = match.group("source", "target") if match else name.rpartition("_2_")[::2]
    return (source, target) if source and target else None


def check_layout(layout: Sequence[str]) -> None:
    """Refuse a layout that names unknown roles, a role twice, or no generated image.

    Raises:
        UsageError: The layout is of no use.
    """
    for role in layout:
        if role not in ROLES:
            raise UsageError(
                problem("--layout", f"roles among {', '.join(ROLES)}", role, "correct the name")
            )
        if role != "other" and list(layout).count(role) > 1:
            raise UsageError(problem("--layout", "each role once", role, "name the rest other"))
    if layout and "generated" not in layout:
        raise UsageError(
            problem("--layout", "a panel 'generated'", ", ".join(layout), "name that panel")
        )


def layout_of(
    path: Path, size: tuple[int, int], image_size: tuple[int, int], layout: Sequence[str]
) -> tuple[str, ...]:
    """Find the roles of a picture's panels from its width.

    Args:
        path: The picture, for messages.
        size: Its (height, width) in pixels.
        image_size: (height, width) of one panel.
        layout: Roles that the user gave; empty for the default of that number of panels.

    Returns:
        One role for each panel, from left to right.

    Raises:
        UsageError: The picture is no row of panels of that size, or nobody knows their roles.
    """
    (height, width), (panel_height, panel_width) = size, image_size
    count = width // panel_width
    if height != panel_height or width % panel_width or not count:
        raise UsageError(
            problem(
                path,
                f"a row of {panel_height} x {panel_width} panels (height x width)",
                f"{height} x {width}",
                "set --image-size",
            )
        )
    roles = tuple(layout) or DEFAULT_LAYOUTS.get(count, ())
    if len(roles) != count:
        expected = f"{len(roles)} panels as in --layout" if layout else "1, 3 or 5 panels"
        raise UsageError(problem(path, expected, count, "name the panels with --layout"))
    return roles
