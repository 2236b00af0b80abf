"""Settings that commands of several packages take: each declared once.

A settings class says what one of them means there, in a word for its help::

    @declared("Draw")
    class DrawSettings:
        overwrite: bool = overwrite_setting("Replace what another call drew into the folder.")
        quiet: bool = quiet_setting()
"""

from __future__ import annotations

from typing import Any

from shared.declarations import setting


def device_setting(help: str) -> Any:
    """Declare ``--device``: a :data:`shared.device.DeviceName` or :data:`shared.device.Devices`."""
    return setting(default="auto", flag="--device", help=help)


def overwrite_setting(help: str) -> Any:
    """Declare ``--overwrite``: whether what the folder holds of another request is replaced."""
    return setting(default=False, flag="--overwrite", help=help)


def dry_run_setting(help: str) -> Any:
    """Declare ``--dry-run``: whether the command says what it would do, and does nothing."""
    return setting(default=False, flag="--dry-run", help=help)


def quiet_setting(help: str = "Say nothing but warnings and results.") -> Any:
    """Declare ``--quiet``: whether progress is left out."""
    return setting(default=False, flag="--quiet", help=help)
