"""What a user names as a model: a path, or ``demo``, the generator that comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.errors import UsageError, problem
from train.inference.exported import is_exported

DEMO: Final = "demo"
LONGEST: Final = 4096
"""No path has more signs."""

PACKAGED: Final = Path(__file__).parent.parent / "weights"
"""The folder of the generator that comes with the package, an export like any other."""


def model_path(name: str, packaged: Path = PACKAGED) -> Path:
    """Return where a model lies.

    Args:
        name: ``demo``, or the path of a run, a checkpoint or an export. A folder of one's own that
            is called demo is written ``./demo``.
        packaged: Where ``demo`` lies.

    Raises:
        UsageError: No name, or the package has come without its generator.
    """
    if not 0 < len(name) <= LONGEST:
        found = f"{len(name):,} signs"
        raise UsageError(problem("--model", "a name", found, "give demo, or a path"))
    if name != DEMO:
        return Path(name)
    if not is_exported(packaged):
        remedy = "install posegan anew, or name a run or an exported generator"
        raise UsageError(problem("--model demo", f"a generator in {packaged}", "none", remedy))
    return packaged
