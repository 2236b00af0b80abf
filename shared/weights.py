"""Every file of weights that some command needs: what it is, where it comes from, where it lies.

The one table of them: the pose stage, VGG's losses, the evaluator and ``posegan-doctor`` read it.
Nothing here downloads or opens a file, and torch is not needed.

Convention:
    A published file carries the beginning of its SHA-256 at the end of its name, as torch hub
    does it (``vgg19-dcbb9e9d.pth``).
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from shared.provenance import PACKAGE

CACHE_VARIABLE: Final = "POSEGAN_CACHE"
TORCH_VARIABLE: Final = "TORCH_HOME"

_PYTORCH: Final = "https://download.pytorch.org/models/"
_FIDELITY: Final = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
_ULTRALYTICS: Final = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"
_NAMED_HASH: Final = re.compile(r"-([0-9a-f]{8,64})\.\w+$")


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """A file of weights.

    Args:
        name: File name.
        command: Who needs it.
        purpose: What the command needs it for.
        text: Which network it holds.
        source: Address of the folder that it is published in, "" where it is part of the package.
        home: Where it is looked for: in the ``"package"``, in this project's own ``"cache"``, in
            torch's ``"hub"`` folder, or in the folder that the user must ``"name"``.
        option: The option that names another file or, for ``"name"``, the folder.
        package: Which package it is part of, for ``"package"``.
        without: How to do without it.
        num_bytes: Its size, to the kilobyte where only that is published; None where unknown.
        whole_sha256: Its SHA-256 where all of it is known.
    """

    name: str
    command: str
    purpose: str
    text: str
    source: str = ""
    home: Literal["package", "cache", "hub", "name"]
    option: str
    package: str = "preprocess"
    without: str
    num_bytes: int | None = None
    whole_sha256: str = ""

    @property
    def url(self) -> str:
        """Where it is published, "" where it is part of the package."""
        return self.source and self.source + self.name

    @property
    def sha256(self) -> str:
        """Its SHA-256, or as much of it as is known."""
        return self.whole_sha256 or sha256_in_name(self.name)

    @property
    def path(self) -> Path:
        """Where it is looked for when no option names another place."""
        if self.home == "package":
            return _package_folder(self.package) / "weights" / self.name
        if self.home == "cache":
            return cache_folder() / "weights" / self.name
        return hub_checkpoints() / self.name

    def remedy(self, folder: Path) -> str:
        """Say how it comes into the folder that it is missing in, or what does without it."""
        if self.home == "package":
            way = "install posegan anew"
        elif self.home == "name":
            way = f"download {self.url} there and give {self.command} {self.option} {folder}"
        else:
            way = (
                f"{self.command} downloads {self.url} where there is a network, "
                f"or takes {self.option} FILE"
            )
        return f"{way}; or {self.without}"


def _yolo(model: str, device: str) -> WeightFile:
    return WeightFile(
        name=f"{model}.pt",
        command="prep-market",
        purpose=f"default on a {device}",
        text="an ultralytics pose network",
        source=_ULTRALYTICS,
        home="cache",
        option="--pose-model",
        without="choose --pose-model demo, which knows drawn people only",
    )


def _score(name: str, purpose: str, text: str, source: str, num_bytes: int | None) -> WeightFile:
    return WeightFile(
        name=name,
        command="eval-gan",
        purpose=purpose,
        text=text,
        source=source,
        home="name",
        option="--weights-dir",
        without="score without it",
        num_bytes=num_bytes,
    )


WEIGHTS: Final[Mapping[str, WeightFile]] = {
    "demo-pose": WeightFile(
        name="demo-pose.pt",
        command="prep-market",
        purpose="--pose-model demo, for drawn people only",
        text="a pose network that knows drawn people only",
        home="package",
        option="--pose-model",
        without="choose another --pose-model",
        num_bytes=1_752_055,
        whole_sha256="2f0ef32cb0865548cc540ddc5958714f9cae9c5668f0f1efd916b822fbadbebf",
    ),
    "demo-generator": WeightFile(
        name="model.safetensors",
        command="repose",
        purpose="--model demo",
        text="a generator that has seen drawn people only",
        home="package",
        option="--model",
        package="train",
        without="name a run or an exported generator",
        num_bytes=5_588_896,
        whole_sha256="3834ea9305e3510acc6113871c95d3097c725e0ca0fae3cfca1fe64e054588f0",
    ),
    "yolo26n-pose": _yolo("yolo26n-pose", "CPU"),
    "yolo26x-pose": _yolo("yolo26x-pose", "GPU"),
    "vgg19": WeightFile(
        name="vgg19-dcbb9e9d.pth",
        command="train-gan",
        purpose="losses on VGG-19",
        text="torchvision's VGG-19",
        source=_PYTORCH,
        home="hub",
        option="--vgg",
        without="train without it by --features pixels",
        num_bytes=574_673_000,
    ),
    "inception-2015": _score(
        "weights-inception-2015-12-05-6726825d.pth",
        "IS and FID",
        "InceptionV3 of 2015, converted by torch-fidelity",
        _FIDELITY,
        None,
    ),
    "inception-torchvision": _score(
        "inception_v3_google-0cc3c7bd.pth",
        "FID by GFLA's protocol",
        "torchvision's InceptionV3",
        _PYTORCH,
        108_950_000,
    ),
    "alexnet": _score(
        "alexnet-owt-7be5be79.pth",
        "LPIPS",
        "torchvision's AlexNet; the linear heads of LPIPS are part of torchmetrics",
        _PYTORCH,
        244_409_000,
    ),
}
"""Key to file. Sizes of torchvision's files are those of its own table of weights."""


def sha256_in_name(name: str) -> str:
    """Read the beginning of a SHA-256 out of a file's name; "" where it holds none."""
    found = _NAMED_HASH.search(name)
    return found[1] if found else ""


def cache_folder() -> Path:
    """The folder of this project's downloads: ``$POSEGAN_CACHE`` or ``~/.cache/posegan``."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return _at_home(chosen) if chosen else _user_cache() / PACKAGE


def hub_checkpoints() -> Path:
    """The folder of torch hub's downloads, found by torch's rule without asking torch."""
    chosen = os.environ.get(TORCH_VARIABLE)
    home = _at_home(chosen) if chosen else _user_cache() / "torch"
    return home / "hub" / "checkpoints"


def _user_cache() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME")
    return _at_home(chosen) if chosen else Path.home() / ".cache"


def _at_home(name: str) -> Path:
    """Put the home folder in place of a leading ~, where there is one to be found."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - it never raises


def _package_folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else Path(package)
