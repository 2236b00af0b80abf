"""What a file of pose weights would build, found out before anything is built.

A ``.pt`` file of ultralytics is a pickled network: it names classes, and loading makes them. Even
among the classes of a safe list some ask the network or take gigabytes when a small file calls
them with its own arguments. Here the pickle runs with stand-ins in place of every class: they
compute nothing and only check what the file asks for.

Convention:
    Layers are made empty and filled by their state, as a saved network does it; a call with
    arguments is refused. A tensor never has more values than the file stores for it.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

MAX_PICKLE_BYTES: Final = 4_000_000
"""A network of the demo's layers takes 0.1 MB; reading more could take a minute."""

MAX_TUPLE_DEPTH: Final = 8
"""A tuple of tuples of tuples … can take ages to hash; saved networks nest three deep."""

MAX_VALUES: Final = 500_000_000
"""The largest published pose network has 99 million."""

MAX_LAYERS: Final = 20_000
"""Counted as often as they are run; the largest published pose network has some 2,000."""

LARGEST: Final = {
    "kernel_size": 32,
    "stride": 32,
    "padding": 32,
    "output_padding": 32,
    "dilation": 32,
    "scale_factor": 4,
    "size": 0,
    "reg_max": 64,
    "nc": 10_000,
    "nk": 10_000,
}
"""Attributes by which a layer without large weights could still take much memory."""

_TORCH: Final = {
    "activation": ("SiLU", "Tanh", "ReLU", "LeakyReLU", "Sigmoid"),
    "batchnorm": ("BatchNorm2d",),
    "container": ("ModuleList", "Sequential"),
    "conv": ("Conv2d", "ConvTranspose2d"),
    "linear": ("Identity", "Linear"),
    "pooling": ("MaxPool2d",),
    "upsampling": ("Upsample",),
}
_ULTRALYTICS: Final = {
    "nn.modules.block": (
        "Attention", "Bottleneck", "C2", "C2PSA", "C2f", "C3", "C3k", "C3k2", "DFL", "PSABlock",
        "Proto", "RealNVP", "SPPF",
    ),
    "nn.modules.conv": ("Concat", "Conv", "DWConv"),
    "nn.modules.head": ("Pose", "Pose26"),
    "nn.tasks": ("PoseModel",),
}  # fmt: skip
LAYERS: Final = frozenset(
    [f"torch.nn.modules.{home}.{name}" for home, names in _TORCH.items() for name in names]
    + [f"ultralytics.{home}.{name}" for home, names in _ULTRALYTICS.items() for name in names]
)
"""Every class that YOLOv8, YOLO11 and YOLO26 pose networks consist of."""

NOTES: Final = frozenset(
    {
        "_codecs.encode",
        "argparse.Namespace",
        "datetime.datetime",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "torch.Size",
        "torch.device",
        "types.SimpleNamespace",
        "ultralytics.utils.IterableSimpleNamespace",
        "ultralytics.yolo.utils.IterableSimpleNamespace",
    }
)
"""What stands in such files beside the network: settings and figures of its training."""

_ITEM_BYTES: Final = {
    "BFloat16": 2, "Bool": 1, "Byte": 1, "Char": 1, "Double": 8, "Float": 4, "Half": 2, "Int": 4,
    "Long": 8, "Short": 2,
}  # fmt: skip


class RefusedWeightsError(Exception):
    """A file of weights that would build something else than a pose network."""


def scan_weights(path: Path) -> int:
    """Find out what loading a file would build, without building it.

    Args:
        path: A ``.pt`` file.

    Returns:
        The number of layers, each counted as often as it is run.

    Raises:
        RefusedWeightsError: The file is no zip archive of torch, or would build what no YOLO pose
            network has; the message says what.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if sum(sizes.values()) > path.stat().st_size:  # packed, or entries over each other
                raise RefusedWeightsError("more content than the file has bytes")
            name = next((n for n in sizes if n.rpartition("/")[2] == "data.pkl"), "")
            if not name or sizes[name] > MAX_PICKLE_BYTES:
                raise RefusedWeightsError("no list of layers, or one that is far too long")
            scan = _Scan(archive.read(name), name.removesuffix("data.pkl"), sizes)
        scan.load()
    except RefusedWeightsError:
        raise
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise RefusedWeightsError("a file that is empty, truncated or no weights") from error
    except Exception as error:  # a hostile pickle can break its reading in any way
        raise RefusedWeightsError(f"a broken list of layers ({type(error).__name__})") from error
    return scan.num_layers


class _Layer:
    """Stands in for a class of layers: it is made empty and counts what it is filled with."""

    num_layers = 1

    def __new__(cls, *arguments: Any, **named: Any) -> _Layer:
        if arguments or named:
            raise RefusedWeightsError(f"a call of {cls.__name__} with arguments of the file's own")
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise RefusedWeightsError(f"a {type(self).__name__} without attributes")
        for name, largest in LARGEST.items():
            if any(abs(value) > largest for value in _numbers(state.get(name))):
                raise RefusedWeightsError(f"a {type(self).__name__} with {name} over {largest}")
        children = [child for child in _within(state) if isinstance(child, _Layer)]
        self.num_layers = 1 + sum(child.num_layers for child in children)
        if self.num_layers > MAX_LAYERS:
            raise RefusedWeightsError(f"more than {MAX_LAYERS:,} layers")


class _Note:
    """Stands in for settings and figures: anything may be done to it, nothing happens."""

    def __new__(cls, *_: Any, **__: Any) -> _Note:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


class _Storage:
    """Stands in for stored values."""

    def __init__(self, num_values: int) -> None:
        self.num_values = num_values


class _Scan(pickle._Unpickler):
    """Runs a pickle with stand-ins only; the readable unpickler, whose steps can be watched."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]

    def __init__(self, content: bytes, folder: str, sizes: dict[str, int]) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._folder = folder
        self._sizes = sizes
        self._num_values = 0
        self._layers: dict[str, type[_Layer]] = {}
        self._depths: dict[int, tuple[int, Any]] = {}  # the tuple too, so that no other has its id

    @property
    def num_layers(self) -> int:
        """Layers of the largest network seen."""
        return max((layer.num_layers for layer in self._made), default=0)

    def load(self) -> Any:
        """Run the pickle."""
        content = super().load()
        self._made = [each for each in _within(content) if isinstance(each, _Layer)]
        if not self._made:
            raise RefusedWeightsError("no network")
        return content

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for what the file names."""
        full = f"{module}.{name}"
        if full in LAYERS:
            return self._layers.setdefault(full, type(name, (_Layer,), {}))
        if full in NOTES:
            return _Note
        if full.startswith("torch.") and name.removesuffix("Storage") in _ITEM_BYTES:
            return name
        known = {
            "collections.OrderedDict": collections.OrderedDict,
            "__builtin__.set": set,
            "builtins.set": set,
            "torch._utils._rebuild_parameter": _parameter,
            "torch._utils._rebuild_tensor_v2": self._tensor,
        }
        if full not in known:
            raise RefusedWeightsError(f"{full}, which no YOLO pose network has")
        return known[full]

    def persistent_load(self, pid: Any) -> _Storage:
        """Check that the file holds the values that it speaks of."""
        kind, storage, key, _, num_values = pid
        held = self._sizes.get(f"{self._folder}data/{key}", -1)
        wanted = num_values * _ITEM_BYTES[str(storage).removesuffix("Storage")]
        if kind != "storage" or held != wanted or num_values > MAX_VALUES:
            raise RefusedWeightsError("stored values that are not in the file")
        return _Storage(num_values)

    def _tensor(self, storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> _Note:
        self._num_values += (count := math.prod(size))
        if not isinstance(storage, _Storage) or count > storage.num_values:
            raise RefusedWeightsError("a tensor larger than what the file stores for it")
        if self._num_values > MAX_VALUES or offset < 0 or any(step < 0 for step in stride):
            raise RefusedWeightsError(f"more than {MAX_VALUES:,} values")
        return _Note()

    def require_shallow(self) -> None:
        """Refuse a tuple of tuples of tuples …, which takes ages to hash."""
        made = self.stack[-1]
        inner = (self._depths.get(id(each), (0, None))[0] for each in made)
        depth = 1 + max(inner, default=0)
        if depth > MAX_TUPLE_DEPTH:
            raise RefusedWeightsError(f"tuples nested over {MAX_TUPLE_DEPTH} deep")
        if made:
            self._depths[id(made)] = (depth, made)


def _watched(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def step(scan: Any) -> None:
        load(scan)
        scan.require_shallow()

    return step


for _opcode in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
    _Scan.dispatch[_opcode[0]] = _watched(_Scan.dispatch[_opcode[0]])


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _numbers(value: Any) -> Iterator[float]:
    """Go through a number or a sequence of numbers."""
    if isinstance(value, int | float):
        yield math.inf if math.isnan(value) else value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)


def _within(value: Any) -> Iterator[Any]:
    """Go through containers, each once and without recursion, and yield what is in them."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            inner = list(each.values())
        elif isinstance(each, list | tuple | set):
            inner = list(each)
        else:
            yield each
            continue
        if id(each) not in seen:
            seen.add(id(each))
            waiting += inner
