"""What ``posegan-doctor`` looks at: the first thing to ask for in a bug report.

It looks at what is installed without importing it, except torch (for its devices) and cv2 (whose
import fails on machines without libGL); both may be absent or broken.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from shared.provenance import PACKAGE, version_of

REQUIREMENT: Final = re.compile(
    r"(?P<name>[\w.-]+)(\[[^]]*\])?(>=(?P<least>[\d.]+))?[^;]*(;.*extra == .(?P<extra>[\w-]+).)?"
)
EXTRAS: Final = {
    "fast": "prep-market decodes JPEGs with simplejpeg",
    "mutants": "make mutants tries the tests with single faults",
    "tensorboard": "train-gan writes TensorBoard files beside its JSON lines",
    "test": "make test and make check",
}
PYTORCH: Final = "https://download.pytorch.org/models/"
FIDELITY: Final = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
VGG_FILE: Final = "vgg19-dcbb9e9d.pth"
EVAL_WEIGHTS: Final = (
    ("weights-inception-2015-12-05-6726825d.pth", "eval-gan, IS and FID", FIDELITY),
    ("inception_v3_google-0cc3c7bd.pth", "eval-gan, FID by GFLA's protocol", PYTORCH),
    ("alexnet-owt-7be5be79.pth", "eval-gan, LPIPS", PYTORCH),
)
"""File, what it serves, and the address without the file's name."""

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


def _requirements() -> list[re.Match[str]]:
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    return [match for line in lines if (match := REQUIREMENT.match(line))]


def _software() -> Iterator[tuple[str, str]]:
    yield "Python", platform.python_version()
    yield PACKAGE, version_of(PACKAGE) or "not installed: pip install ."
    for wanted in _requirements():
        if not wanted["extra"]:
            yield wanted["name"], _state(wanted)
    trouble = _import_trouble("cv2")
    if trouble and (version_of("opencv-python") or version_of("opencv-python-headless")):
        yield "cv2", f"cannot be imported ({trouble}): {LIBGL_REMEDY}"


def _state(wanted: re.Match[str]) -> str:
    found = version_of(wanted["name"])
    if found is None:
        return f"missing: pip install '{wanted['name']}>={wanted['least'] or 0}'"
    old = wanted["least"] and _numbers(found) < _numbers(wanted["least"])
    remedy = f"too old: pip install --upgrade '{wanted['name']}>={wanted['least']}'"
    return f"{found}, {remedy}" if old else found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def _extras() -> Iterator[tuple[str, str]]:
    for extra, enables in EXTRAS.items():
        wanted = [match for match in _requirements() if match["extra"] == extra]
        missing = [match["name"] for match in wanted if version_of(match["name"]) is None]
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


def _weights(eval_folder: Path) -> Iterator[tuple[str, str]]:
    shipped = _shipped_weights()
    state = "present" if shipped.is_file() else "missing: install posegan anew"
    yield shipped.name, f"prep-market --pose-model demo, for drawn people only: {state}"
    for name, device in (("yolo26n-pose.pt", "CPU"), ("yolo26x-pose.pt", "GPU")):
        get = "prep-market downloads it where there is a network, or takes --pose-model FILE"
        state = _place(cache_folder() / "weights" / name, get)
        yield name, f"prep-market, default on a {device}: {state}"
    get = f"train-gan downloads {PYTORCH}{VGG_FILE} where there is a network, or takes --vgg FILE"
    state = _place(hub_checkpoints() / VGG_FILE, get)
    yield VGG_FILE, f"train-gan, losses on VGG-19: {state}"
    for name, purpose, source in EVAL_WEIGHTS:
        get = f"download {source}{name} there and give eval-gan --weights-dir {eval_folder}"
        yield name, f"{purpose}: {_place(eval_folder / name, get)}"


def _place(path: Path, get: str) -> str:
    return "present" if path.is_file() else f"missing in {path.parent}, {get}"


def _shipped_weights() -> Path:
    spec = importlib.util.find_spec("preprocess")
    home = Path(spec.origin).parent if spec and spec.origin else Path("preprocess")
    return home / "weights" / "demo-pose.pt"


def cache_folder() -> Path:
    """Give the folder of this project's downloads: ``$POSEGAN_CACHE`` or ``~/.cache/posegan``."""
    chosen = os.environ.get("POSEGAN_CACHE")
    return Path(chosen).expanduser() if chosen else _user_cache() / PACKAGE


def hub_checkpoints() -> Path:
    """Give the folder of torch hub's downloads, without asking torch."""
    chosen = os.environ.get("TORCH_HOME")
    home = Path(chosen).expanduser() if chosen else _user_cache() / "torch"
    return home / "hub" / "checkpoints"


def _user_cache() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache"


def _space(folder: Path) -> Iterator[tuple[str, str]]:
    for place in (folder, Path(tempfile.gettempdir()), cache_folder()):
        absolute = place.expanduser().absolute()
        existing = next(parent for parent in (absolute, *absolute.parents) if parent.is_dir())
        yield str(absolute), f"{shutil.disk_usage(existing).free / 1e9:.1f} GB"
