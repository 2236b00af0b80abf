"""Settings: built from layers, saved, named and compared.

Convention:
    Settings classes are those of :mod:`shared.declarations`. Later layers win over earlier ones.
    Keys in files may be written with dashes or underscores. A key that no field has is an error
    naming the nearest field.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from shared.addresses import Address
from shared.declaration import SettingError
from shared.declarations import declarations, layer_of
from shared.errors import UsageError, problem

T = TypeVar("T")

_ABSENT: Final = object()
CHANGES_SHOWN: Final = 3


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
    except (ValueError, RecursionError) as error:
        raise UsageError(problem(path, "valid TOML", error, "correct that line")) from error


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


def read_config(path: Path) -> ConfigFile:
    """Read the file of ``--config``.

    Raises:
        UsageError: The file cannot be read or is not TOML.
    """
    return ConfigFile(path, read_toml(path))


@dataclasses.dataclass(frozen=True)
class ConfigFile:
    """A file of settings: its plain keys are options, its tables sections of a settings class.

    Args:
        path: The file.
        content: What it says, keys written with underscores.
    """

    path: Path
    content: Mapping[str, Any]

    @property
    def plain(self) -> dict[str, Any]:
        """Everything but tables."""
        return {key: each for key, each in self.content.items() if not isinstance(each, Mapping)}

    @property
    def tables(self) -> dict[str, Any]:
        """The tables."""
        return {key: each for key, each in self.content.items() if isinstance(each, Mapping)}


def build(settings_class: type[T], *layers: Mapping[str, Any], where: object = "settings") -> T:
    """Build settings from layers of plain values; later layers win.

    Args:
        settings_class: A settings class, or a plain dataclass whose types are checked alike.
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
    return _build(settings_class, merged, where, "")


def as_plain(settings: Any) -> Any:
    """Return settings as nested dicts, lists and plain values that JSON and TOML can hold."""
    return _plain(settings, whole=True)


def lasting(settings: Any) -> Any:
    """Return what tells settings from others: like :func:`as_plain`, without later additions.

    A setting that came ``since`` a later version is left out while it has its default, so that
    what was begun before it existed keeps its name and goes on.
    """
    return _plain(settings, whole=False)


def fingerprint(settings: Any, length: int = 8) -> str:
    """Return a short hexadecimal name of settings: equal settings, equal name."""
    text = json.dumps(lasting(settings), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def differences(old: Any, new: Any) -> list[str]:
    """List where two settings differ, as ``"a.b: was 3, now 4"`` lines in alphabetical order."""
    flat_old, flat_new = _flat(lasting(old)), _flat(lasting(new))
    return [
        f"{key}: was {_told(flat_old, key)}, now {_told(flat_new, key)}"
        for key in sorted(flat_old.keys() | flat_new.keys())
        if flat_old.get(key, _ABSENT) != flat_new.get(key, _ABSENT)
    ]


def in_brief(changes: Sequence[str]) -> str:
    """Return a few of many differences, a preset first, as others follow from it."""
    first = sorted(changes, key=lambda change: not change.startswith("preset:"))
    more = len(first) - CHANGES_SHOWN
    return "; ".join(first[:CHANGES_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _told(flat: Mapping[str, Any], key: str) -> Any:
    value = flat.get(key, _ABSENT)
    words = {_ABSENT: "nothing", None: "none", "": "empty"}
    return value if isinstance(value, list) else words.get(value, value)


def _plain(value: Any, *, whole: bool) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name), whole=whole)
            for field in dataclasses.fields(value)
            if whole or not _is_later_default(value, field.name)
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(each, whole=whole) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each, whole=whole) for each in value]
    return str(value) if isinstance(value, Path | Address) else value


def _is_later_default(settings: Any, name: str) -> bool:
    one = getattr(settings, "__declarations__", {}).get(name)
    if one is None or not one.since:
        return False
    return bool(getattr(settings, name) == one.default_value)


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


def _build(settings_class: type[T], values: Mapping[str, Any], where: object, path: str) -> T:
    known = declarations(settings_class)
    refuse_unknown_keys(values, known, f"{where}: {path.rstrip('.')}" if path else where)
    given = {}
    for name, value in values.items():
        section = known[name].section
        if section is not None and isinstance(value, Mapping):
            given[name] = _build(section, value, where, f"{path}{name}.")
        elif hasattr(settings_class, "__declarations__"):
            given[name] = value
        else:
            given[name] = known[name].check_at(value, f"{where}: {path}{name}")
    absent = [one for name, one in known.items() if one.required and name not in given]
    if absent:
        raise absent[0].absence().at(f"{where}: {path}{absent[0].name}")
    try:
        return settings_class(**given)
    except SettingError as error:
        raise error.at(f"{where}: {path}{error.field}") from None


def build_given(
    settings_class: type[T], options: Mapping[str, Any], *below: Mapping[str, Any]
) -> T:
    """Build settings from what a command was given: its file's tables, then its options.

    Args:
        settings_class: A settings class.
        options: What the command's function got, ``config`` among it.
        below: Layers under those, over the declared defaults.

    Raises:
        UsageError: As :func:`build`.
    """
    file: ConfigFile | None = options.get("config")
    sections = {name for name, one in declarations(settings_class).items() if one.section}
    tables = {} if file is None else {k: v for k, v in file.tables.items() if k in sections}
    where = "settings" if file is None else file.path
    return build(settings_class, *below, tables, layer_of(settings_class, options), where=where)
