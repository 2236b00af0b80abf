"""Settings as frozen dataclasses: built from layers, checked, saved and compared.

Convention:
    A settings class is a frozen, keyword-only dataclass whose fields are plain values, tuples or
    further settings classes. Later layers win over earlier ones. Keys in files may be written
    with dashes or underscores. A key that no field has is an error naming the nearest field.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from shared.errors import UsageError, problem

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of settings.

    Args:
        path: The file.

    Returns:
        Its content, keys written with underscores.

    Raises:
        UsageError: The file cannot be read or is not TOML.
    """
    try:
        with path.open("rb") as stream:
            return _with_underscores(tomllib.load(stream))
    except OSError as error:
        raise UsageError(
            problem(path, "a readable TOML file", error.strerror, "check the name")
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(problem(path, "valid TOML", error, "mend that line")) from error


def refuse_unknown_keys(keys: Iterable[str], known: Iterable[str], where: object) -> None:
    """Refuse keys that nobody knows, naming the nearest known one.

    Raises:
        UsageError: At least one key is unknown.
    """
    known = sorted(known)
    for key in keys:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        remedy = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
        raise UsageError(problem(where, "known settings only", f"'{key}'", remedy))


def build(settings_class: type[T], *layers: Mapping[str, Any], where: object = "settings") -> T:
    """Build settings from layers of plain values; later layers win.

    Args:
        settings_class: A settings class (see the module's convention).
        layers: Mappings from field names to values; None as a whole value means "not given".
        where: Named in error messages, for example the path of the file.

    Returns:
        The settings, with every check of ``__post_init__`` passed.

    Raises:
        UsageError: Unknown key, wrong type or a value out of its range.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge(merged, _with_underscores(layer))
    return _build(settings_class, merged, where)


def as_plain(settings: Any) -> Any:
    """Give settings as nested dicts, lists and plain values that JSON and TOML can hold."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return {f.name: as_plain(getattr(settings, f.name)) for f in dataclasses.fields(settings)}
    if isinstance(settings, Mapping):
        return {str(key): as_plain(value) for key, value in settings.items()}
    if isinstance(settings, (tuple, list)):
        return [as_plain(value) for value in settings]
    if isinstance(settings, Path):
        return str(settings)
    return settings


def fingerprint(settings: Any, length: int = 8) -> str:
    """Give a short hexadecimal name of settings: equal settings, equal name."""
    text = json.dumps(as_plain(settings), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def differences(old: Any, new: Any) -> list[str]:
    """List where two settings differ, as ``"a.b: old 3, now 4"`` lines in alphabetical order."""
    flat_old, flat_new = _flat(as_plain(old)), _flat(as_plain(new))
    absent = "nothing"
    return [
        f"{key}: was {flat_old.get(key, absent)}, now {flat_new.get(key, absent)}"
        for key in sorted(flat_old.keys() | flat_new.keys())
        if flat_old.get(key, absent) != flat_new.get(key, absent)
    ]


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat.update(_flat(inner, f"{prefix}.{key}" if prefix else str(key)))
    return flat


def _with_underscores(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(key).replace("-", "_"): _with_underscores(value)
        if isinstance(value, Mapping)
        else value
        for key, value in mapping.items()
    }


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = _merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _build(settings_class: type[T], values: Mapping[str, Any], where: object) -> T:
    assert dataclasses.is_dataclass(settings_class)
    hints = typing.get_type_hints(settings_class)
    refuse_unknown_keys(values, hints, where)
    fields = {key: _value(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    return typing.cast(T, settings_class(**fields))


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _build(typing.cast(type[Any], hint), value, where)
    if value is None or hint is Any:
        return value
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    for option in options:
        fits, converted = _convert(option, value)
        if fits:
            return converted
    name = getattr(hint, "__name__", str(hint))
    raise UsageError(problem(where, name, repr(value), "give a value of that kind"))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _convert(hint: Any, value: Any) -> tuple[bool, Any]:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return value in typing.get_args(hint), value
    if origin is tuple:
        return _convert_tuple(typing.get_args(hint), value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool), value
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    if hint is Path:
        return isinstance(value, (str, Path)), value if isinstance(value, Path) else Path(
            str(value)
        )
    return isinstance(hint, type) and isinstance(value, hint), value


def _convert_tuple(hints: tuple[Any, ...], value: Any) -> tuple[bool, Any]:
    if not isinstance(value, (list, tuple)):
        return False, value
    repeated = len(hints) == 2 and hints[1] is Ellipsis
    if not repeated and len(hints) != len(value):
        return False, value
    pairs = [_convert(hints[0] if repeated else hints[i], item) for i, item in enumerate(value)]
    return all(fits for fits, _ in pairs), tuple(item for _, item in pairs)
