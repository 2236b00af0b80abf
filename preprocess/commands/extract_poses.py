"""The command ``extract-poses``: a thin skin over :func:`preprocess.pose.extraction`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preprocess.extract_settings import ExtractSettings
from shared.options import command
from shared.settings import build_given
from shared.stopping import StopRequest

EXAMPLES = (
    "extract-poses --src photos --out poses.csv",
    "extract-poses --src photos --out poses.csv --pose-model yolo26m-pose --pose-size 640x448",
    "extract-poses --src camera --out poses.csv --watch",
)


@command(ExtractSettings, examples=EXAMPLES)
def extract_poses(**options: Any) -> None:
    """Find the person in every image of a folder and write key points in the published form.

    Beside FILE.csv come FILE-sizes.csv and FILE-scores.csv. Unless --pose-size is given, it
    follows the images' size. Killed at any moment, the same command continues. Exit codes: 0
    done, 1 too many unusable images, 2 wrong use or data, 4 another run, 5 no space, 75 a watch
    was stopped.
    """
    settings = settings_of(options)
    if settings.watch:
        with StopRequest() as stop:  # before the slow imports: a signal meets a handler from here
            _watch(settings, stop)
        return

    from preprocess.pose.extraction import extract_poses as extract  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    extract(settings, Console())


def _watch(settings: ExtractSettings, stop: StopRequest) -> None:
    from preprocess.pose.watch import watch_poses  # noqa: PLC0415 - so that --help stays quick
    from shared.console import Console  # noqa: PLC0415 - likewise

    watch_poses(settings, Console(), stop=stop)


def settings_of(options: Mapping[str, Any]) -> ExtractSettings:
    """The settings that options ask for; without a size of its own the network's input fits."""
    file = options["config"]
    in_table = file is not None and "pose_size" in file.tables.get("pose", {})
    fit_size = options["pose_size"] is None and not in_table
    return build_given(ExtractSettings, options, {"fit_size": fit_size})
