"""Networks behind IS, FID and LPIPS, run through torchmetrics and torchvision.

Convention:
    Images are uint8 tensors (n, height, width, 3) on any device; features come back as float32
    NumPy arrays. Batches are of a fixed size, so that a repeated run gives equal numbers.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shared.errors import DamagedError, problem
from shared.input_file import InputFile, read_input
from train.metrics.compared import Compared
from train.metrics.weights import load_weights
from train.tensor_file import misfit

BATCH_IMAGES: Final = 32
INCEPTION_SIDE: Final = 299


class Features(NamedTuple):
    """Pooled features float32 (n, 2048) and class logits without bias float32 (n, 1008)."""

    pooled: NDArray[np.float32]
    logits: NDArray[np.float32]


class Inception2015:
    """The InceptionV3 of 2015 with torchmetrics' preprocessing (bilinear, antialias, 299).

    Args:
        file: Weight file ``inception-2015``.
        device: Where it runs.

    Raises:
        DamagedError: The file does not hold this network.
    """

    def __init__(self, file: Path | InputFile, device: torch.device) -> None:
        from torchmetrics.image.fid import NoTrainInceptionV3  # noqa: PLC0415 - 2 s to import

        file = read_input(file)
        load_weights(file)  # refuses what is more than tensors before the library unpickles it
        try:
            network = NoTrainInceptionV3(
                name="inception-v3-compat",
                features_list=["2048"],
                feature_extractor_weights_path=io.BytesIO(file.content),
            )
        except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise _wrong_network(file.path, "the InceptionV3 of 2015") from error
        self._network = network.to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Features:
        """Compute the features of uint8 (n, height, width, 3)."""
        pooled, logits = [], []
        for batch in images.split(BATCH_IMAGES):  # type: ignore[no-untyped-call]
            features = self._network(batch.to(self._device).permute(0, 3, 1, 2))
            pooled.append(features.cpu().numpy())
            logits.append((features @ self._network.fc.weight.T).cpu().numpy())
        return Features(np.concatenate(pooled), np.concatenate(logits))


class InceptionTorchvision:
    """Torchvision's InceptionV3 as GFLA's FID uses it: [0, 1], bilinear 299, own normalisation.

    Args:
        file: Weight file ``inception-torchvision``.
        device: Where it runs.

    Raises:
        DamagedError: The file does not hold this network.
    """

    def __init__(self, file: Path | InputFile, device: torch.device) -> None:
        from torchvision.models import inception_v3  # noqa: PLC0415 - 1 s to import

        network = inception_v3(weights=None, init_weights=False, transform_input=True)
        _fill(network, load_weights(file), file, "torchvision's InceptionV3")
        network.fc = nn.Identity()
        self._network: nn.Module = network.eval().to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> NDArray[np.float32]:
        """Compute the pooled features float32 (n, 2048) of uint8 (n, height, width, 3)."""
        pooled = []
        for batch in images.split(BATCH_IMAGES):  # type: ignore[no-untyped-call]
            pixels = batch.to(self._device).permute(0, 3, 1, 2).float() / 255
            side = (INCEPTION_SIDE, INCEPTION_SIDE)
            pixels = nn.functional.interpolate(pixels, side, mode="bilinear", align_corners=False)
            pooled.append(self._network(pixels).cpu().numpy())
        return np.concatenate(pooled)


class Lpips:
    """LPIPS on AlexNet; its linear heads are part of torchmetrics.

    Args:
        file: Weight file ``alexnet``.
        device: Where it runs.

    Raises:
        DamagedError: The file does not hold this network.
    """

    def __init__(self, file: Path | InputFile, device: torch.device) -> None:
        from torchmetrics.functional.image.lpips import _NoTrainLpips  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notice about weights that are loaded just below
            network = _NoTrainLpips(net="alex", pnet_rand=True)
        weights = _sliced(load_weights(file), network.net)
        _fill(network.net, weights, file, "torchvision's AlexNet")
        self._network: nn.Module = network.to(device)
        self._device = device

    @torch.inference_mode()
    def __call__(self, generated: Tensor, real: Tensor) -> Tensor:
        """Compute the distances float64 (n,), on the CPU, of uint8 (n, height, width, 3)."""
        distances = []
        for first in range(0, len(generated), BATCH_IMAGES):
            chunk = slice(first, first + BATCH_IMAGES)
            pixels = (
                images[chunk].to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
                for images in (generated, real)
            )
            distances.append(self._network(*pixels).flatten().cpu().double())
        return torch.cat(distances) if distances else torch.zeros(0, dtype=torch.float64)


NETWORKS: Final[dict[str, Callable[[Path | InputFile, torch.device], Any]]] = {
    "inception-2015": Inception2015,
    "inception-torchvision": InceptionTorchvision,
    "alexnet": Lpips,
}
"""What is made of a weight file, by its key in :data:`train.metrics.weights.WEIGHT_FILES`."""


def lpips_of_pairs(compared: Compared, _protocol: str) -> Tensor:
    """Return LPIPS as the table of scores asks for it."""
    distances: Tensor = compared.networks["alexnet"](compared.images, compared.real)
    return distances


def logits_2015(compared: Compared) -> NDArray[np.float32]:
    """Return the class logits of the InceptionV3 of 2015, float32 (n, 1008)."""
    return _features_2015(compared).logits


def pooled_2015(compared: Compared) -> NDArray[np.float32]:
    """Return the pooled features of the InceptionV3 of 2015, float32 (n, 2048)."""
    return _features_2015(compared).pooled


def pooled_torchvision(compared: Compared) -> NDArray[np.float32]:
    """Return the pooled features of torchvision's InceptionV3, float32 (n, 2048)."""
    pooled: NDArray[np.float32] = compared.networks["inception-torchvision"](compared.images)
    return pooled


def _features_2015(compared: Compared) -> Features:
    network: Callable[[Tensor], Features] = compared.networks["inception-2015"]
    return compared.once("inception-2015", lambda: network(compared.images))


def _sliced(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Name AlexNet's weights ``features.3.weight`` as the slices of LPIPS, ``slice2.3.weight``."""
    published = {name: f"features.{name.split('.', 1)[1]}" for name in network.state_dict()}
    return {name: weights[theirs] for name, theirs in published.items() if theirs in weights}


def _fill(
    network: nn.Module, weights: dict[str, Tensor], file: Path | InputFile, expected: str
) -> None:
    found = misfit(network, weights)
    if found:
        path = file.path if isinstance(file, InputFile) else file
        raise _wrong_network(path, expected, found)
    network.load_state_dict(weights)


def _wrong_network(path: Path, expected: str, found: str = "another network") -> DamagedError:
    return DamagedError(problem(path, f"the weights of {expected}", found, "get the file anew"))
