"""What ``posegan-doctor`` looks at: the first thing to ask for in a bug report.

It looks at what is installed without importing it, except torch (for its devices) and cv2 (whose
import fails on machines without libGL); both may be absent or broken.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from shared.provenance import PACKAGE, version_of
from shared.weights import WEIGHTS, cache_folder, hub_checkpoints

EXTRAS: Final = {
    "cluster": "prep-market --backend dask works on a dask cluster",
    "fast": "prep-market decodes JPEGs with simplejpeg",
    "hub": "share-generator hands generators to a model hub and fetches them",
    "mutants": "make mutants tries the tests with single faults",
    "onnx": "export-generator writes ONNX graphs, eval-gan --reid reads networks",
    "parquet": "export-pairs --format parquet writes tables for large data sets",
    "remote": "shards are read from s3:// and https:// addresses",
    "tensorboard": "train-gan writes TensorBoard files beside its JSON lines",
    "test": "make test and make check",
    "web": "posegan-studio serves its page",
}
LIBGL_REMEDY: Final = (
    "apt-get install libgl1, or replace opencv-python by opencv-python-headless with pip"
)


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report: lines of a name and what was found."""

    title: str
    lines: tuple[tuple[str, str], ...]


def examine(folder: Path, weights_dir: Path | None = None) -> list[Section]:
    """Look at the machine and the installation.

    Args:
        folder: Where data is meant to go; its free space is told.
        weights_dir: Folder of eval-gan's weight files; torch hub's folder by default.

    Returns:
        Software, extras, devices, weight files and free space.
    """
    return [
        Section("Software", tuple(_software())),
        Section("Extras", tuple(_extras())),
        Section("Devices", tuple(_devices())),
        Section("Weight files", tuple(_weights(weights_dir or hub_checkpoints()))),
        Section("Free space", tuple(_space(folder))),
    ]


def _requirements(extra: str = "") -> list[Requirement]:
    """List what the package needs here, or what one of its extras needs."""
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    every = [Requirement(line) for line in lines]
    always = [wanted for wanted in every if _applies(wanted, "")]
    if not extra:
        return always
    return [wanted for wanted in every if _applies(wanted, extra) and wanted not in always]


def _applies(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": extra})


def _software() -> Iterator[tuple[str, str]]:
    yield "Python", platform.python_version()
    yield PACKAGE, version_of(PACKAGE) or "not installed: pip install ."
    for wanted in _requirements():
        yield wanted.name, _state(wanted)
    trouble = _import_trouble("cv2")
    if trouble and (version_of("opencv-python") or version_of("opencv-python-headless")):
        yield "cv2", f"cannot be imported ({trouble}): {LIBGL_REMEDY}"


def _state(wanted: Requirement) -> str:
    found = version_of(wanted.name)
    needed = f"{wanted.name}{wanted.specifier}"
    if found is None:
        return f"missing: pip install '{needed}'"
    try:
        fits = wanted.specifier.contains(Version(found), prereleases=True)
    except InvalidVersion:  # a build of somebody's own; it may well do
        fits = True
    return found if fits else f"{found}, does not fit: pip install --upgrade '{needed}'"


def _extras() -> Iterator[tuple[str, str]]:
    for extra, enables in EXTRAS.items():
        missing = any(version_of(wanted.name) is None for wanted in _requirements(extra))
        state = f"missing: pip install 'posegan[{extra}]'" if missing else "installed"
        yield extra, f"{enables}: {state}"


def _devices() -> Iterator[tuple[str, str]]:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    yield "CPU", f"{platform.machine()}, {cores} cores usable, {memory_bytes / 1e9:.1f} GB memory"
    yield "system", platform.platform()
    trouble = _import_trouble("torch")
    if trouble:
        yield "CUDA", f"unknown, because torch cannot be imported ({trouble}): pip install torch"
        return
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        yield "CUDA", "none: everything runs on the CPU"
        return
    for number in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(number)
        what = f"{device.name}, {device.total_memory / 1e9:.1f} GB, CUDA {torch.version.cuda}"
        yield f"cuda:{number}", what


def _import_trouble(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except Exception as error:
        return " ".join(str(error).split())[:120]
    return None


def _weights(named: Path) -> Iterator[tuple[str, str]]:
    for file in WEIGHTS.values():
        path = named / file.name if file.home == "name" else file.path
        size = f" ({file.num_bytes / 1e6:,.0f} MB)" if file.num_bytes else ""
        missing = f"missing in {path.parent}{size}, {file.remedy(path.parent)}"
        state = "present" if path.is_file() else missing
        yield file.name, f"{file.command}, {file.purpose}: {state}"


def _space(folder: Path) -> Iterator[tuple[str, str]]:
    for place in (folder, Path(tempfile.gettempdir()), cache_folder()):
        absolute = Path(os.path.expanduser(place)).absolute()  # noqa: PTH111 - it never raises
        existing = next(parent for parent in (absolute, *absolute.parents) if parent.is_dir())
        yield str(absolute), f"{shutil.disk_usage(existing).free / 1e9:.1f} GB"
