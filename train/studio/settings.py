"""What ``posegan-studio`` is told."""

from __future__ import annotations

from shared.addresses import Place
from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.usual_settings import device_setting, dry_run_setting, quiet_setting


@declared("Studio")
class StudioSettings:
    """What the page draws with, and where it is served."""

    model: str = setting(
        flag="--model",
        metavar="demo|RUN|EXPORT",
        help="What draws: demo comes with the package and knows drawn people only; else a run, a "
        "checkpoint, or what export-generator made.",
    )
    shards: Place | None = setting(
        default=None,
        path="folder",
        flag="--shards",
        metavar="DIR",
        help="People and poses to choose from.",
    )
    pose_model: str = setting(
        default="demo",
        flag="--pose-model",
        metavar="NAME",
        help="What extract-poses finds the person of a photo with: 'demo' knows drawn people only; "
        "'none' leaves the skeleton to you.",
    )
    port: int = setting(
        default=0, ge=0, le=65_535, flag="--port", help="Where it listens; 0 takes a free one."
    )
    open: bool = setting(default=False, flag="--open", help="Open the page in a browser too.")
    device: DeviceName = device_setting("Where to draw.")
    threads: int = setting(
        default=1, ge=1, le=1024, flag="--threads", help="Threads that draw on a CPU."
    )
    dry_run: bool = dry_run_setting("Open the model and the shards, try the port, and end.")
    quiet: bool = quiet_setting("Say the address alone.")
