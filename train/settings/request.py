"""What ``train-gan`` is asked for besides the settings of the run."""

from __future__ import annotations

from pathlib import Path

from shared.addresses import Place
from shared.declarations import declared, setting
from shared.usual_settings import dry_run_setting, quiet_setting
from train.settings.presets import PRESETS


@declared("Main")
class TrainRequest:
    """From which shards into which folder, by which preset, and whether to train at all."""

    shards: Place = setting(
        path="folder", flag="--shards", metavar="DIR", help="What prep-market made."
    )
    out: Path | None = setting(
        default=None,
        path="folder",
        flag="--out",
        metavar="DIR",
        shown="runs/PRESET-FINGERPRINT",
        help="Run folder.",
    )
    preset: str = setting(
        default="full",
        choices=tuple(PRESETS),
        flag="--preset",
        help="Row of settings to start from; the defaults below are those of full.",
    )
    dry_run: bool = dry_run_setting("Say what would be done, and do nothing.")
    quiet: bool = quiet_setting()
