"""Declarations: strict kinds, ranges, plain words; and that every setting of ours is declared."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import math
import pickle
from pathlib import Path
from typing import Any, Literal

import pytest

from shared.declaration import Declaration
from shared.declarations import declarations, declared, layer_of, leaves, setting
from shared.errors import UsageError
from shared.options import CommandSettings
from shared.quantities import Bytes, Size

REPOSITORY = Path(__file__).parents[2]


def modules_of_settings() -> list[str]:
    return [
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        for package in ("data_manifest", "preprocess", "train")
        for path in sorted((REPOSITORY / package).rglob("*.py"))
        if "settings" in path.relative_to(REPOSITORY).as_posix() and path.name != "__init__.py"
    ]


def settings_classes() -> dict[str, type[Any]]:
    """Every settings class of the project by module and name."""
    found: dict[str, type[Any]] = {"shared.options.CommandSettings": CommandSettings}
    for module in modules_of_settings():
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, type) and "__declarations__" in vars(value):
                found[f"{value.__module__}.{value.__name__}"] = value
    return found


def every_setting() -> list[Any]:
    return [
        pytest.param(one, id=f"{name}.{one.name}")
        for name, settings_class in settings_classes().items()
        for one in declarations(settings_class).values()
    ]


def test_the_settings_classes_are_found() -> None:
    names = {name.rpartition(".")[2] for name in settings_classes()}
    assert names >= {
        "PrepareSettings",
        "PoseSettings",
        "ShardSettings",
        "ExtractSettings",
        "DrawSettings",
        "SheetSettings",
        "TrainSettings",
        "GeneratorSettings",
        "LossSettings",
        "OptimizerSettings",
        "EvalSettings",
    }


def holds_numbers(one: Declaration) -> bool:
    return any(kind in str(one.core) for kind in ("int", "float"))


@pytest.mark.parametrize("one", every_setting())
def test_every_setting_has_a_sentence_a_finite_range_and_a_default_within(one: Declaration) -> None:
    assert one.help.endswith(".") and "\n" not in one.help
    if holds_numbers(one):
        ends = [end for end in (one.bounds.ge, one.bounds.gt) if end is not None]
        ends += [end for end in (one.bounds.le, one.bounds.lt) if end is not None]
        assert len(ends) == 2 and all(map(math.isfinite, ends)) and ends[0] < ends[1]
        for odd in (math.inf, -math.inf, math.nan, 10**400, True, "many"):
            with pytest.raises(UsageError):
                one.check(odd)
    if one.has_default and one.section is None:
        assert one.check(one.default_value) == one.default_value
    assert one.flag == "" or one.flag.startswith("--") or one.flag.isidentifier()


@declared("Part")
class Part:
    rate: float = setting(default=0.5, gt=0, lt=1, flag="--rate", help="A rate.")
    channels: int = setting(default=8, ge=1, le=64, flag="--channels", help="Channels.")


@declared("Whole")
class Whole:
    name: str = setting(flag="--name", help="A name.")
    kind: Literal["a", "b"] = setting(default="a", help="A kind.")
    limit: int | None = setting(default=None, ge=1, le=9, flag="--limit", help="A limit.")
    size: Size = setting(default=(128, 64), ge=8, le=256, multiple_of=8, help="A size.")
    room: Bytes = setting(default=1000, ge=1, le=10**9, help="A room.")
    folder: Path | None = setting(default=None, path="folder", help="A folder.")
    switch: bool = setting(default=False, help="A switch.")
    row: str = setting(default="x", choices=("x", "y"), help="A row.")
    channels: int = setting(default=8, ge=1, le=64, flag="--channels", help="Channels.")
    part: Part = setting(default_factory=Part, help="A part.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": 3}, "--name: expected a text, found 3; give a value of that kind"),
        ({"kind": "c"}, "whole.kind: expected a or b, found 'c'; choose one of them"),
        ({"kind": 1}, "whole.kind: expected a or b, found 1"),
        ({"limit": 0}, "--limit: expected a whole number from 1 to 9, found 0; choose a value in"),
        ({"limit": 2.0}, "--limit: expected a whole number from 1 to 9, found 2.0; give a value"),
        ({"limit": True}, "found True; give a value of that kind"),
        ({"size": (12, 8)}, "expected HEIGHTxWIDTH, multiples of 8 up to 256, found (12, 8)"),
        ({"size": (8, 8, 8)}, "found (8, 8, 8); give a value of that kind"),
        ({"room": "2TB"}, "expected a number of bytes like 48MB, 1B to 1GB, found '2TB'"),
        ({"folder": 3}, "whole.folder: expected a folder, found 3"),
        ({"switch": 1}, "whole.switch: expected true or false, found 1"),
        ({"row": "z"}, "whole.row: expected x or y, found 'z'; choose one of them"),
        ({"room": 10**5000}, "found a number of thousands of digits; choose a value in that range"),
    ],
)
def test_a_refusal_says_expected_found_and_what_to_do(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Whole(**{"name": "a", **values})
    assert said in caught.value.message and "\n" not in caught.value.message


def test_what_must_be_given_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--name: expected a text, found nothing; give it"):
        Whole()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="nme"):
        Whole(name="a", nme="b")  # type: ignore[call-arg]


def test_a_setting_that_is_not_declared_is_our_fault() -> None:
    with pytest.raises(TypeError, match="rate: declare it by setting"):

        @declared("Wrong")
        class Wrong:
            rate: float = 1.0


def test_settings_are_frozen_and_survive_copies() -> None:
    whole = Whole(name="a", limit=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.limit = 4  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(whole)) == copy.deepcopy(whole) == whole
    assert dataclasses.replace(whole, limit=4) == Whole(name="a", limit=4)
    with pytest.raises(UsageError, match="--limit"):
        dataclasses.replace(whole, limit=40)


def test_a_flag_goes_to_every_setting_that_declares_it() -> None:
    given = {"channels": 2, "rate": None, "limit": 3, "other": 4}
    assert layer_of(Whole, given) == {"limit": 3, "channels": 2, "part": {"channels": 2}}


def test_leaves_are_listed_with_their_sections() -> None:
    listed = {(*path, one.name) for path, one in leaves(Whole)}
    assert ("part", "rate") in listed and ("part",) not in listed and ("name",) in listed
