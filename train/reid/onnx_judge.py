"""A re-identification network of the user's own as judge: an ONNX file, run by onnxruntime.

Convention:
    The network takes float32 (n, 3, height, width) in RGB and gives (n, d) embeddings as its first
    output; what else it gives is left alone. Where its input has no fixed size, pictures are
    brought to 256 × 128, where it has a fixed batch, batches are filled up. The file is read once
    and from memory: whatever it names outside of itself is not opened. It runs on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shared.errors import UsageError, problem
from shared.input_file import read_input
from train.reid.settings import Pixels

USUAL_SIZE: Final = (256, 128)
"""(height, width) in pixels at which the field's networks look at people."""

BATCH_IMAGES: Final = 64

MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)

_EXPECTED: Final = "a network from (n, 3, height, width) to (n, d) embeddings"

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class OnnxJudge:
    """Embeds people by a network of the user's own; see :class:`train.reid.judge.Judge`.

    Args:
        run: The network.
        batch: Images that it takes at once; None for any number.
        size: (height, width) at which it looks at pictures.
        pixels: The values that it takes.
        sha256: Of the file.
        origin: What is known of it.
    """

    def __init__(
        self,
        run: Run,
        *,
        batch: int | None,
        size: tuple[int, int],
        pixels: Pixels,
        sha256: str,
        origin: Mapping[str, Any],
    ) -> None:
        self._run = run
        self._batch = batch
        self._size = size
        self._pixels = pixels
        self.sha256 = sha256
        self.origin = dict(origin)

    def __call__(self, images: Tensor) -> NDArray[np.float32]:
        """Embed uint8 (n, height, width, 3) as float32 (n, d) of length 1.

        Raises:
            UsageError: The network gives something else than an embedding of each image.
        """
        parts = []
        for chunk in images.cpu().split(self._batch or BATCH_IMAGES):  # type: ignore[no-untyped-call]
            inputs = prepared(chunk, self._size, self._pixels)
            missing = (self._batch or len(chunk)) - len(chunk)
            filled = np.concatenate([inputs, np.repeat(inputs[-1:], missing, axis=0)])
            found = self._run(filled)
            if found.ndim < 2 or len(found) != len(filled) or not np.isfinite(found).all():
                shown = "values that are not finite" if found.ndim > 1 else f"shape {found.shape}"
                raise UsageError(problem("--reid", _EXPECTED, shown, "export it otherwise"))
            parts.append(found.reshape(len(found), -1)[: len(chunk)])
        whole = np.concatenate(parts).astype(np.float32)
        lengths = np.linalg.norm(whole, axis=1, keepdims=True)
        return np.asarray(whole / np.maximum(lengths, 1e-12), np.float32)


def prepared(images: Tensor, size: tuple[int, int], pixels: Pixels) -> NDArray[np.float32]:
    """Bring uint8 (n, height, width, 3) to float32 (n, 3, *size) as a network takes them."""
    values = images.permute(0, 3, 1, 2).float()
    if tuple(values.shape[2:]) != size:
        values = F.interpolate(values, size, mode="bilinear", align_corners=False, antialias=True)
    if pixels != "bytes":
        values = values / 255
    if pixels == "imagenet":
        mean, deviation = (torch.tensor(each)[:, None, None] for each in (MEAN, DEVIATION))
        values = (values - mean) / deviation
    return np.ascontiguousarray(values.numpy(), np.float32)


def read_onnx(path: Path, pixels: Pixels) -> OnnxJudge:
    """Open an ONNX file as judge.

    Args:
        path: The file.
        pixels: The values that its network takes.

    Raises:
        UsageError: onnxruntime is missing, the file cannot be read, or is no such network.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - an extra
    except ImportError as error:
        remedy = "run pip install 'posegan[onnx]'"
        raise UsageError(
            problem(f"--reid {path.name}", "the package onnxruntime", "none", remedy)
        ) from error
    file = read_input(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(
            file.content, options, providers=["CPUExecutionProvider"]
        )
        inputs, first = session.get_inputs(), session.get_outputs()[0].name
    except Exception as error:  # a file of any origin can break the loading in any way
        raise UsageError(
            problem(path, _EXPECTED, "no ONNX network that can be loaded", "export it anew")
        ) from error
    shape = inputs[0].shape if len(inputs) == 1 else []
    floats = bool(inputs) and inputs[0].type == "tensor(float)"
    if len(shape) != 4 or shape[1] not in (3, None) or not floats:
        found = f"inputs {[(each.type, each.shape) for each in inputs]}"[:200]
        raise UsageError(problem(path, _EXPECTED, found, "export it otherwise"))
    batch, _, height, width = (side if isinstance(side, int) else None for side in shape)
    size = (height or USUAL_SIZE[0], width or USUAL_SIZE[1])
    name = inputs[0].name

    def run(values: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            found: NDArray[np.float32] = np.asarray(session.run([first], {name: values})[0])
        except Exception as error:  # likewise
            shown = f"a failure at {values.shape}"
            raise UsageError(problem(path, _EXPECTED, shown, "export it otherwise")) from error
        return found

    origin = {"file": path.name, "pixels": pixels, "size": list(size)}
    return OnnxJudge(run, batch=batch, size=size, pixels=pixels, sha256=file.sha256, origin=origin)
