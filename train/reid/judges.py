"""Judges of every kind, opened by the name of their file: ours, or a network of the user's own."""

from __future__ import annotations

from pathlib import Path

from shared.device import DeviceName
from train.device import find_device
from train.reid.judge import Judge, read_judge
from train.reid.onnx_judge import OnnxJudge, read_onnx
from train.reid.settings import Pixels, is_onnx

AnyJudge = Judge | OnnxJudge
"""What embeds people, bears the hash of its file, and says where it is from."""


def open_judge(path: Path, *, device: DeviceName, pixels: Pixels) -> AnyJudge:
    """Open a judge; whether it is fit, real images have to say.

    Args:
        path: What ``train-reid`` made, or an ONNX file.
        device: Where a judge of ours runs; networks of others run on the CPU.
        pixels: The values that a network of others takes.

    Raises:
        UsageError: The file cannot be opened, the device is not there, or an ONNX file is no
            network that embeds.
        DamagedError: Another file is no judge of ours.
    """
    return read_onnx(path, pixels) if is_onnx(path) else read_judge(path, find_device(device))
