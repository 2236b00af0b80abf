"""Features that the perceptual losses compare: of VGG-19, or the pixels themselves.

Convention:
    A layer is named ``"block1_conv2"`` and means the values after that convolution's ReLU;
    torchvision's index into ``features`` (here 3) is understood as well. Images are RGB in
    [-1, 1]; VGG-19 sees them normalised by ImageNet's mean and deviation.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from shared.errors import DamagedError, UsageError, problem
from shared.files import sha256_of_file
from shared.weights import WEIGHTS, sha256_in_name
from train.tensor_file import read_weights

VGG = WEIGHTS["vgg19"]
REMEDY = f"download {VGG.url} elsewhere and give it with {VGG.option} FILE, or {VGG.without}"
CONVOLUTIONS = (2, 2, 4, 4, 4)
"""How many each block of VGG-19 has; a ReLU follows each, a pooling each block."""

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
CAFFE_SCALE = 57.0
PIXEL_SCALE = 127.5

Fetch = Callable[[str, Path, str], None]


def find_vgg(
    path: Path | None = None,
    *,
    cache: Path | None = None,
    download: bool = True,
    fetch: Fetch | None = None,
) -> Path:
    """Find torchvision's weights of VGG-19 and check their hash.

    Args:
        path: The file that the user gave; None looks into the cache and then downloads.
        cache: Folder of downloaded weights, torch hub's own by default.
        download: Whether the network may be tried.
        fetch: Brings (url, to this path, with this SHA-256 prefix); torch hub's by default.

    Returns:
        The file. Where its name carries a SHA-256 prefix (``-dcbb9e9d.pth``), its content has it.

    Raises:
        UsageError: There is no such file and it could not be downloaded.
        DamagedError: The content is not what the name says.
    """
    if path is None:
        path = cache / VGG.name if cache else VGG.path
        if not path.exists() and download:
            _download(path, fetch or _fetch)
    if not path.is_file():
        raise UsageError(problem(path, "the weights of VGG-19", "no such file", REMEDY))
    _check_hash(path)
    return path


def promised_vgg(
    path: Path | None = None, *, is_there: Callable[[str], bool] | None = None
) -> Path | None:
    """Find the weights as :func:`find_vgg` would, but leave the download for later.

    Args:
        path: The file that the user gave.
        is_there: Tells whether an address can be reached.

    Returns:
        The file; None where it can be downloaded.

    Raises:
        UsageError: There is no such file and no way to it.
        DamagedError: The content is not what the name says.
    """
    try:
        return find_vgg(path, download=False)
    except UsageError:
        if path is None and VGG.url and (is_there or _is_there)(VGG.url):
            return None
        raise


def _is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10):
            return True
    except (OSError, ValueError):
        return False


def _download(path: Path, fetch: Fetch) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch(VGG.url, path, sha256_in_name(path.name))
    except (OSError, RuntimeError) as error:
        raise UsageError(
            problem(path, "the weights of VGG-19", f"no file and no way to it ({error})", REMEDY)
        ) from error


def _fetch(url: str, path: Path, prefix: str) -> None:
    torch.hub.download_url_to_file(url, str(path), hash_prefix=prefix, progress=False)


def _check_hash(path: Path) -> None:
    prefix, found = sha256_in_name(path.name), sha256_of_file(path)
    if not found.startswith(prefix):
        raise DamagedError(
            problem(
                path, f"a SHA-256 that begins {prefix}", found[: len(prefix)], "download it anew"
            )
        )


def layer_index(layer: str | int) -> int:
    """Return a layer's index into torchvision's ``features``: 3 for ``"block1_conv2"``.

    Raises:
        UsageError: VGG-19 has no such layer.
    """
    indices = _layer_indices()
    if layer in indices:
        return indices[str(layer)]
    if layer in indices.values():
        return int(layer)
    if str(layer).isdecimal() and int(layer) in indices.values():
        return int(layer)
    raise UsageError(
        problem(
            "VGG-19 layer",
            "block1_conv1 to block5_conv4",
            layer,
            "name the block and the convolution in it, for example block1_conv2",
        )
    )


def _layer_indices() -> dict[str, int]:
    indices = {}
    index = 0
    for block, convolutions in enumerate(CONVOLUTIONS, start=1):
        for convolution in range(1, convolutions + 1):
            indices[f"block{block}_conv{convolution}"] = index + 1
            index += 2
        index += 1
    return indices


def _trunk(depth: int) -> nn.Sequential:
    """Build torchvision's ``features`` up to an index, with random weights."""
    from torchvision.models import vgg19  # noqa: PLC0415 - a second to import

    with torch.device("meta"):  # its classifier alone would fill half a gigabyte
        features = vgg19(weights=None, init_weights=False).features
    trunk: nn.Sequential = features[: depth + 1].to_empty(device="cpu")
    for layer in trunk:
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return trunk


class VggFeatures(nn.Module):
    """Features of VGG-19 at some layers; frozen, and computed no deeper than needed.

    Args:
        weights: torchvision's file (see :func:`find_vgg`), or None for random weights.
        layers: Names or torchvision indices.
        feature_scale: Factor on all features. The papers' loss weights belong to the Caffe
            network on 0-255 input, whose features are about 57 times as large.

    Raises:
        UsageError: Unknown layer, or the file holds another network.
        DamagedError: The file is no file of weights.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        weights: Path | None,
        layers: Sequence[str | int],
        feature_scale: float = CAFFE_SCALE,
    ) -> None:
        super().__init__()
        self.layers = tuple(str(layer) for layer in layers)
        self.feature_scale = feature_scale
        self._indices = tuple(layer_index(layer) for layer in layers)
        self.trunk = _trunk(max(self._indices))
        if weights is not None:
            _load(self.trunk, weights)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        deviation = torch.tensor(DEVIATION).view(1, 3, 1, 1)
        self.register_buffer("deviation", deviation, persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the features of images ``(b, 3, H, W)`` in [-1, 1], in the order of ``layers``."""
        features = ((images + 1) / 2 - self.mean) / self.deviation
        found = {}
        for index, layer in enumerate(self.trunk):
            features = layer(features)
            if index in self._indices:
                found[index] = features * self.feature_scale
        return [found[index] for index in self._indices]


class PixelFeatures(nn.Module):
    """The image itself, scaled to a range of 255, wherever a layer's features are asked for.

    Args:
        layers: How many features to give; the names do not matter.
    """

    def __init__(self, layers: Sequence[str | int]) -> None:
        super().__init__()
        self.layers = tuple(str(layer) for layer in layers)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return images ``(b, 3, H, W)`` in [-1, 1] times 127.5, once for every layer."""
        pixels = images * PIXEL_SCALE
        return [pixels for _ in self.layers]


def _load(trunk: nn.Sequential, path: Path) -> None:
    expected = "torchvision's state of VGG-19"
    state = read_weights(path, expected=expected, remedy=REMEDY)
    wanted = {name: f"features.{name}" for name in trunk.state_dict()}
    for name, own in trunk.state_dict().items():
        given = state.get(wanted[name])
        if given is None or given.shape != own.shape:
            found = "nothing" if given is None else f"a tensor of {tuple(given.shape)}"
            raise UsageError(
                problem(path, expected, f"another one: {found} by {wanted[name]}", REMEDY)
            )
    trunk.load_state_dict({name: state[key] for name, key in wanted.items()})
