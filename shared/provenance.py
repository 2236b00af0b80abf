"""Where a result came from: versions of the software that made it."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGE = "posegan"


def version_of(distribution: str) -> str | None:
    """Look up the installed version of a distribution, not importing it; None where absent."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def versions(*distributions: str) -> dict[str, str]:
    """Look up the versions of Python, of this project and of the named distributions.

    Args:
        distributions: Names as pip knows them; those that are not installed are left out.

    Returns:
        Name to version, in the given order.
    """
    found = {"python": platform.python_version(), PACKAGE: version_of(PACKAGE) or "source"}
    for name in distributions:
        version = version_of(name)
        if version is not None:
            found[name] = version
    return found
