"""The command ``posegan-doctor``: a thin skin over :func:`data_manifest.doctor.examine`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import DoctorSettings
from shared.options import command
from shared.settings import build_given

EXAMPLES = ("posegan-doctor", "posegan-doctor --folder /data > report.txt")


@command(DoctorSettings, examples=EXAMPLES)
def posegan_doctor(**options: Any) -> None:
    """Print versions, devices, weight files and free space: what a bug report needs."""
    from data_manifest.doctor import examine  # noqa: PLC0415 - it imports torch
    from shared.console import Console  # noqa: PLC0415 - --help needs no rich

    settings = build_given(DoctorSettings, options)
    console = Console()
    for section in examine(settings.folder, settings.weights_dir):
        console.result(section.title)
        width = max((len(name) for name, _ in section.lines), default=0)
        for name, what in section.lines:
            console.result(f"  {name:<{width}}  {what}")
