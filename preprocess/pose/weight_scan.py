"""What a file of pose weights would build, found out before anything is built.

A ``.pt`` file of ultralytics is a pickled network: it names classes, and loading makes them. Even
among the classes of a safe list some ask the network or take gigabytes when a small file calls
them with its own arguments. Here the pickle runs with stand-ins in place of every class: they
compute nothing and only check what the file asks for.

Convention:
    Layers are made empty and filled by their state, as a saved network does it; a call with
    arguments is refused. A tensor never has more values than the file stores for it. What is
    judged is what the whole pickle has made in the end, so that nothing changes after its check.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from preprocess.pose.weight_layers import ITEM_BYTES, LARGEST, LAYERS, NOTES

MAX_PICKLE_BYTES: Final = 2_000_000
"""The largest published pose network takes 0.3 MB; all of it is run before it is judged."""

MAX_DEPTH: Final = 100
"""Lists, dictionaries and layers within each other; published pose networks nest 25 deep."""

MAX_SIDES: Final = 8
"""Sides of a tensor; a kernel's weights have four."""

MAX_TUPLE_DEPTH: Final = 8
"""A tuple of tuples of tuples … can take ages to hash; saved networks nest three deep."""

MAX_VALUES: Final = 200_000_000
"""The largest published pose network has 99 million."""

MAX_LAYERS: Final = 20_000
"""Counted as often as they are run; the largest published pose network has some 2,000."""


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
    """Stands in for a class of layers: it is made empty and keeps what it is filled with."""

    is_of_torch = False

    def __new__(cls, *arguments: Any, **named: Any) -> _Layer:
        if arguments or named:
            raise RefusedWeightsError(f"a call of {cls.__name__} with arguments of the file's own")
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise RefusedWeightsError(f"a {type(self).__name__} without attributes")
        vars(self).update(state)  # as a layer of torch takes it: what it holds may still change

    def check(self) -> None:
        """Judge the attributes, once nothing can change them any more."""
        for name, value in vars(self).items():
            if isinstance(value, type) or callable(value):
                raise RefusedWeightsError(f"a {type(self).__name__} with a method of the file's")
            largest = LARGEST.get(name)
            if isinstance(value, _Note) and not self.is_of_torch:
                continue  # the strides of a head are a tensor
            if largest is not None and not _is_within(value, largest):
                raise RefusedWeightsError(f"a {type(self).__name__} with {name} over {largest}")


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
        self.num_layers = 0
        self._layers: dict[str, type[_Layer]] = {}
        self._depths: dict[int, tuple[int, Any]] = {}  # the tuple too, so that no other has its id

    def load(self) -> Any:
        """Run the pickle, then judge what it has made."""
        content = super().load()
        self.num_layers = _count_layers(content)
        if not self.num_layers:
            raise RefusedWeightsError("no network")
        return content

    def load_build(self) -> None:
        """Let attributes be set on what the pickle made, and never on what it only names."""
        if not isinstance(self.stack[-2], _Layer | _Note | collections.OrderedDict):
            raise RefusedWeightsError("attributes for what is no layer")
        super().load_build()  # type: ignore[misc]

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for what the file names."""
        full = f"{module}.{name}"
        if full in LAYERS:
            kind = {"is_of_torch": full.startswith("torch.")}
            return self._layers.setdefault(full, type(name, (_Layer,), kind))
        if full in NOTES:
            return _Note
        if full.startswith("torch.") and name.removesuffix("Storage") in ITEM_BYTES:
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
        wanted = num_values * ITEM_BYTES[str(storage).removesuffix("Storage")]
        if kind != "storage" or held != wanted or num_values > MAX_VALUES:
            raise RefusedWeightsError("stored values that are not in the file")
        return _Storage(num_values)

    def _tensor(self, storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> _Note:
        numbers = (*size, *stride, offset)
        if len(size) > MAX_SIDES or not all(type(each) is int for each in numbers):
            raise RefusedWeightsError("a tensor whose sides are no numbers")
        if max(size, default=0) > MAX_VALUES:
            raise RefusedWeightsError("a tensor larger than what the file stores for it")
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
_Scan.dispatch[pickle.BUILD[0]] = _Scan.load_build


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _is_within(value: Any, largest: float) -> bool:
    """Tell whether a value is none, a word, or one or two numbers of a bounded size."""
    if isinstance(value, list | tuple):
        flat = len(value) <= MAX_SIDES and not any(isinstance(each, list | tuple) for each in value)
        return flat and all(_is_within(each, largest) for each in value)
    if isinstance(value, int | float):
        return abs(value) <= largest  # False for what is no number
    return value is None or isinstance(value, str)


def _count_layers(content: Any) -> int:
    """Judge everything that can be reached, each once and without recursion.

    Returns:
        The layers of the largest network, each counted as often as it is run.

    Raises:
        RefusedWeightsError: One is not allowed, there are too many, or they nest too deep.
    """
    known: dict[int, tuple[int, int]] = {}  # layers and depth of what lies behind us
    on_the_way: set[int] = set()
    waiting = [(content, False)]
    most = 0
    while waiting:
        each, is_done = waiting.pop()
        if isinstance(each, _Layer) and not is_done and id(each) not in known:
            each.check()
        if (inner := _held_by(each)) is None or id(each) in known:
            continue
        if not is_done:
            if id(each) in on_the_way or len(on_the_way) >= MAX_DEPTH:
                raise RefusedWeightsError(f"lists or layers nested over {MAX_DEPTH} deep")
            on_the_way.add(id(each))
            waiting.append((each, True))
            waiting += [(one, False) for one in inner]
            continue
        on_the_way.remove(id(each))
        behind = [known.get(id(one), (0, 0)) for one in inner]
        count = sum(layers for layers, _ in behind) + isinstance(each, _Layer)
        depth = 1 + max((depth for _, depth in behind), default=0)
        if count > MAX_LAYERS or depth > MAX_DEPTH:
            raise RefusedWeightsError(f"more than {MAX_LAYERS:,} layers, or {MAX_DEPTH} deep")
        known[id(each)] = (count, depth)
        most = max(most, count if isinstance(each, _Layer) else 0)
    return most


def _held_by(value: Any) -> list[Any] | None:
    """List what a container or a layer holds; None for anything else."""
    if isinstance(value, _Layer):
        return list(vars(value).values())
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple | set) else None
