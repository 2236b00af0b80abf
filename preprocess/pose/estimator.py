"""A pose network at work on crops: own batching, the resize and the choice on the device.

ultralytics' own ``predict`` ignores ``batch`` for arrays, and its suppression gives up after a time
limit and leaves images empty: here the raw forward pass is called, and
:mod:`preprocess.pose.person_choice` takes the person.

Convention:
    Images are uint8 (n, H, W, 3), RGB. The network's input is the picture scaled to fit, in the
    middle of grey bars. A point at pixel centre x of the image is at (x + 0.5) · scale + bar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from preprocess.pose.people import People, empty_people
from preprocess.pose.person_choice import NUM_POINTS, Choice, choose
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import UsageError, problem

BAR_GREY: Final = 114 / 255
"""Grey of the bars beside the picture; YOLO networks are trained with it."""

RULE_VERSION: Final = 1
"""Enters the key of results; to be raised when the same network would give other people."""

Network = Callable[[Tensor], Tensor]
"""From float (b, 3, h, w) in [0, 1] to (b, 56, k): see :mod:`preprocess.pose.person_choice`."""


@dataclass(frozen=True)
class Fit:
    """How a picture lies in the network's input.

    Args:
        size: (height, width) of the input.
        scaled: (height, width) of the picture in it.
        offset: (x, y) of the picture's corner in it.
        scale: (x, y) from the image's pixels to the input's.
    """

    size: tuple[int, int]
    scaled: tuple[int, int]
    offset: tuple[int, int]
    scale: tuple[float, float]

    @property
    def area(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of the picture in the input."""
        (x, y), (height, width) = self.offset, self.scaled
        return (x, y, x + width, y + height)


def fit(image_size: tuple[int, int], pose_size: tuple[int, int]) -> Fit:
    """Scale a picture to fit, its shape kept, in the middle of the network's input.

    Args:
        image_size: (height, width) of the image.
        pose_size: (height, width) of the input.

    Returns:
        The fit.
    """
    factor = min(pose_size[0] / image_size[0], pose_size[1] / image_size[1])
    height, width = (
        min(limit, max(1, round(side * factor)))
        for side, limit in zip(image_size, pose_size, strict=True)
    )
    offset = ((pose_size[1] - width) // 2, (pose_size[0] - height) // 2)
    return Fit(pose_size, (height, width), offset, (width / image_size[1], height / image_size[0]))


class YoloEstimator:
    """A pose network, opened; see :class:`preprocess.pose.people.PoseEstimator`.

    Args:
        network: The network, on its device.
        weights_sha256: SHA-256 of its weights.
        settings: Thresholds, size and batch.
        device: The network's device.
        half: Whether the network computes in half precision.
        console: Told when the batch is halved.
    """

    def __init__(
        self,
        network: Network,
        weights_sha256: str,
        settings: PoseSettings,
        *,
        device: torch.device,
        half: bool,
        console: Console,
    ) -> None:
        self._network = network
        self._weights_sha256 = weights_sha256
        self._settings = settings
        self._device = device
        self._dtype = torch.float16 if half else torch.float32
        self._console = console
        self._batch = settings.batch
        height, width = settings.pose_size
        self.key = (
            f"{weights_sha256} {height}x{width} {'half' if half else 'single'} "
            f"person {settings.person_threshold:g} rule {RULE_VERSION}"
        )

    @property
    def batch(self) -> int:
        """Images a forward pass, after what halving there was."""
        return self._batch

    def at(self, pose_size: tuple[int, int]) -> YoloEstimator:
        """The same network with another input, (height, width), multiples of 32."""
        return YoloEstimator(
            self._network,
            self._weights_sha256,
            replace(self._settings, pose_size=pose_size),
            device=self._device,
            half=self._dtype == torch.float16,
            console=self._console,
        )

    def estimate(self, images: NDArray[np.uint8]) -> People:
        """Find the person of each image; see :class:`preprocess.pose.people.PoseEstimator`.

        Raises:
            UsageError: The device's memory does not hold even one image's forward pass.
        """
        if len(images) == 0:
            return empty_people(0)
        place = fit((images.shape[1], images.shape[2]), self._settings.pose_size)
        choices: list[Choice] = []
        start = 0
        while start < len(images):
            chunk = images[start : start + self._batch]
            try:
                choices.append(self._choose(chunk, place))
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(error)
                continue
            start += len(chunk)
        return _people(choices, place)

    def _choose(self, images: NDArray[np.uint8], place: Fit) -> Choice:
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(images)).to(self._device)
            candidates = self._network(network_input(pixels, place, self._dtype))
            return choose(candidates, place.area, self._settings.person_threshold)

    def _halve(self, error: RuntimeError) -> None:
        if self._batch == 1:
            size = "x".join(map(str, self._settings.pose_size))
            raise UsageError(
                problem(
                    self._device,
                    f"memory for one image at {size}",
                    "too little",
                    "choose --device cpu, a smaller --pose-model or --pose-size",
                )
            ) from error
        self._batch //= 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self._console.warn(
            f"{self._device} ran out of memory: pose batch halved to {self._batch}, images retried"
        )


def network_input(pixels: Tensor, place: Fit, dtype: torch.dtype) -> Tensor:
    """Scale images to the network's input, on their device.

    Args:
        pixels: uint8 (b, H, W, 3).
        place: How the picture lies in the input.
        dtype: Floating type of the network.

    Returns:
        (b, 3, h, w) in [0, 1], channels last in memory: faster on a CPU too.
    """
    planes = pixels.permute(0, 3, 1, 2)
    if pixels.device.type == "cpu":  # there whole numbers, as in OpenCV, are eight times as fast
        planes = _scaled(planes, place).to(dtype).div_(255)
    else:
        planes = _scaled(planes.to(dtype).div_(255), place)
    if place.scaled == place.size:
        return planes
    x, y = place.offset
    right, bottom = place.size[1] - place.scaled[1] - x, place.size[0] - place.scaled[0] - y
    return F.pad(planes, (x, right, y, bottom), value=BAR_GREY)


def _scaled(planes: Tensor, place: Fit) -> Tensor:
    if planes.shape[2:] == place.scaled:
        return planes
    return F.interpolate(planes, place.scaled, mode="bilinear", antialias=True)


def _people(choices: list[Choice], place: Fit) -> People:
    def joined(name: str) -> Any:
        return torch.cat([getattr(choice, name) for choice in choices]).cpu().numpy()

    count = joined("count").astype(np.int16)
    points = joined("candidate")[:, 5:].reshape(-1, NUM_POINTS, 3)
    points = np.where((count > 0)[:, None, None], points, 0).astype(np.float32)
    offset, scale = np.array(place.offset, np.float32), np.array(place.scale, np.float32)
    return People(
        (points[..., :2] - offset) / scale - np.float32(0.5),
        np.ascontiguousarray(points[..., 2]),
        count,
        joined("score"),
        joined("margin"),
    )


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()
