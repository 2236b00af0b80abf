"""Opening an ultralytics YOLO pose network; one of the two modules that import ultralytics.

It is imported only when a model is opened, with switches set that keep it from running code out
of weight files, from installing packages and, but for a download that is needed, from the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from preprocess.pose.estimator import Network, YoloEstimator
from preprocess.pose.person_choice import NUM_POINTS
from preprocess.pose.weight_files import WeightsPlace, find_weights, private_copy, read_weights
from preprocess.pose.weight_scan import RefusedWeightsError, scan_weights
from preprocess.pose.weight_trial import try_network
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.device import Devices, choose_devices
from shared.errors import UsageError, from_machine, problem
from shared.input_file import InputFile, read_input
from shared.weights import cache_folder


def open_estimator(
    settings: PoseSettings, console: Console, expected_sha256: str | None = None
) -> YoloEstimator:
    """Open a pose model: find or download its weights, load them and put them on the device.

    Args:
        settings: See :class:`preprocess.settings.PoseSettings`.
        console: Told what is opened and downloaded.
        expected_sha256: The weights that a run was begun with; None for whatever is there.

    Returns:
        The estimator.

    Raises:
        UsageError: No such model, no such device, no network, weights that are none, or others
            than expected.
        DamagedError: The demo weights are not the ones that were shipped.
    """
    device = find_device(settings.device)
    place = find_weights(settings.pose_model, device.type)
    ultralytics = import_ultralytics(offline=place.present or not place.downloadable)
    if place.downloadable and not place.present:
        _download(place, console)
    file = read_weights(place)
    if expected_sha256 not in (None, file.sha256):
        raise UsageError(
            problem(
                place.path,
                "the weights that were there at the start",
                "others",
                "let nothing change the file, and run the same command again",
            )
        )
    half = settings.half and device.type == "cuda"
    network = load_network(file, device, half=half)
    console.say(
        f"pose model {place.name} (SHA-256 {file.sha256[:12]}…) on {device}, "
        f"ultralytics {ultralytics.__version__}"
    )
    return YoloEstimator(network, file.sha256, settings, device=device, half=half, console=console)


def find_devices(devices: Devices) -> tuple[str, ...]:
    """Return the devices that words mean on this machine, as torch names them.

    Raises:
        UsageError: A CUDA device is wanted that is not there.
    """
    num_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return choose_devices(devices, num_cuda=num_cuda)


def find_device(name: Devices) -> torch.device:
    """Return the one device that a name means on this machine.

    Raises:
        UsageError: CUDA is wanted and there is none.
    """
    (device,) = find_devices(name)
    return torch.device(device)


def import_ultralytics(*, offline: bool) -> ModuleType:
    """Import ultralytics so that it neither runs foreign code nor calls home nor installs.

    Args:
        offline: Forbid it the network too.

    Returns:
        The module.

    Raises:
        UsageError: It, or a library of the system that it needs, is missing.
    """
    os.environ["YOLO_AUTOINSTALL"] = "0"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"
    os.environ.setdefault("YOLO_VERBOSE", "0")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_folder() / "ultralytics"))
    try:
        with _globals_kept():
            if offline:
                os.environ["YOLO_OFFLINE"] = "1"
            import ultralytics  # noqa: PLC0415

            module: ModuleType = ultralytics
            return module
    except ImportError as error:
        raise _import_problem(error) from error


def load_network(weights: Path | InputFile, device: torch.device, *, half: bool) -> Network:
    """Load the weights of a YOLO pose model for inference.

    Args:
        weights: A ``.pt`` file of ultralytics, or one that was read already.
        device: Where to put the network.
        half: Compute in half precision.

    Returns:
        The network.

    Raises:
        UsageError: The file is not such a model's, or holds code beside the weights.
    """
    from ultralytics.nn import tasks  # noqa: PLC0415

    file = read_input(weights)
    path = file.path
    if path.suffix != ".pt":
        raise UsageError(
            problem(path, "weights of an ultralytics pose model, named .pt", path.name, "rename it")
        )
    try:
        with private_copy(file) as copy:
            scan_weights(copy)
            tasks.torch_safe_load(copy, safe_only=True)
            model = tasks.load_checkpoint(copy, device=torch.device("cpu"))[0]
        head = model.model[-1]
        points = list(getattr(head, "kpt_shape", ()))
        if points == [NUM_POINTS, 3]:
            head.end2end = False  # the dense head gives the same layout for every family of models
            try_network(model)
            model = model.fuse(verbose=False).eval().to(device)
    except MemoryError:
        raise
    except Exception as error:  # a file of any origin can break the loading in any way
        refused = isinstance(error, RefusedWeightsError)
        found = str(error) if refused else "layers that do not fit together"
        known = None if refused else from_machine(error)
        raise known or UsageError(
            problem(path, "weights of an ultralytics pose model", found, "check it")
        ) from error
    if points != [NUM_POINTS, 3]:
        found = f"points of shape {points}" if points else "a model without points"
        expected = "a pose model with COCO's 17 points"
        raise UsageError(problem(path, expected, found, "choose a '-pose' model"))
    model = model.half() if half else model.float()
    return network_of(model.to(memory_format=torch.channels_last))


def network_of(model: Any) -> Network:
    """Wrap a YOLO pose model's raw pass in the order of :mod:`preprocess.pose.person_choice`."""
    head = model.model[-1]

    def network(inputs: Tensor) -> Tensor:
        output: Tensor = model(inputs)[0]
        if head.end2end:  # (b, k, box, confidence, class, points), its dense head thrown away
            person = output[..., 5:6] == 0
            parts = (output[..., :4], output[..., 4:5] * person, output[..., 6:])
            return torch.cat(parts, dim=-1).transpose(1, 2)
        half_size = output[:, 2:4] / 2
        box = (output[:, :2] - half_size, output[:, :2] + half_size)
        return torch.cat((*box, output[:, 4:5], output[:, 4 + head.nc :]), dim=1)  # class 0

    return network


def _download(place: WeightsPlace, console: Console) -> None:
    from ultralytics.utils import downloads  # noqa: PLC0415

    if os.environ.get("YOLO_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise _download_problem(place, "YOLO_OFFLINE set")
    console.say(f"downloading {place.name} to {place.path.parent}")
    try:
        place.path.parent.mkdir(parents=True, exist_ok=True)
        downloads.attempt_download_asset(place.path)
    except Exception as error:  # whatever breaks a download, the remedy is the same
        raise _download_problem(place, first_line(error)) from error
    if not place.present:
        raise _download_problem(place, "nothing downloaded")


def _download_problem(place: WeightsPlace, found: str) -> UsageError:
    return UsageError(
        problem(
            f"pose model {place.name}",
            "a network to download its weights once",
            found,
            f"put the file at {place.path}, or choose --pose-model FILE or --pose-model demo",
        )
    )


def _import_problem(error: ImportError) -> UsageError:
    if "libGL" in str(error):
        remedy = (
            "run 'apt-get install libgl1', or 'pip uninstall opencv-python' and then "
            "'pip install opencv-python-headless'"
        )
        return UsageError(problem("ultralytics", "the system's libGL.so.1", "none", remedy))
    return UsageError(
        problem("ultralytics", "an import", first_line(error), "run 'pip install ultralytics'")
    )


def first_line(error: BaseException) -> str:
    """Return what an error says first, without the library's signs before and its stop behind."""
    said = (str(error).strip().splitlines() or [""])[0]
    return re.sub(r"^\W+", "", said).rstrip(". ") or type(error).__name__


@contextmanager
def _globals_kept() -> Iterator[None]:
    """Undo what the import does to others: torch.save, Image.open, print options, variables."""
    save, open_image, options = torch.save, Image.open, np.get_printoptions()
    variables = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "YOLO_OFFLINE")}
    try:
        yield
    finally:
        torch.save = save
        Image.open = open_image
        np.set_printoptions(**options)
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
