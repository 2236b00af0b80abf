"""Settings: layers, checks, names that are nearly right."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from shared import settings
from shared.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Inner:
    rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str = "full"
    size: tuple[int, int] = (128, 64)
    layers: tuple[int, ...] = ()
    kind: Literal["hinge", "vanilla"] = "vanilla"
    folder: Path | None = None
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        if self.size[0] < 1:
            raise UsageError("size: expected a positive height")


def test_later_layers_win_and_deep_ones_are_merged() -> None:
    built = settings.build(
        Outer,
        {"size": [256, 128], "inner": {"rate": 1e-3}},
        {"name": "dsc", "inner": {"betas": [0.9, 0.99]}},
        {"name": None},
    )
    expected_inner = Inner(rate=1e-3, betas=(0.9, 0.99))
    assert built == Outer(name="dsc", size=(256, 128), inner=expected_inner)


def test_what_is_not_given_leaves_the_default_at_any_depth() -> None:
    assert settings.build(Outer, {"inner": {"rate": None}, "name": None}) == Outer()


def test_file_may_use_dashes(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("num-pairs = 3\n[inner-part]\nlearning-rate = 1\n")
    read = settings.read_toml(tmp_path / "a.toml")
    assert read == {"num_pairs": 3, "inner_part": {"learning_rate": 1}}


@pytest.mark.parametrize("content", ["a = ", b"\xff\xfe".decode("latin-1"), "a = 1\na = 2"])
def test_broken_file_is_one_line_with_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.toml").write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=r"a\.toml: expected valid TOML") as caught:
        settings.read_toml(tmp_path / "a.toml")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="readable"):
        settings.read_toml(tmp_path / "none.toml")


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'rate'"):
        settings.build(Outer, {"inner": {"rat": 1.0}})
    with pytest.raises(UsageError, match="known are betas, rate"):
        settings.build(Outer, {"inner": {"xyz": 1.0}})


@pytest.mark.parametrize(
    "values",
    [
        {"name": 3},
        {"size": [1]},
        {"size": "128x64"},
        {"size": [1, "2"]},
        {"layers": [1.5]},
        {"kind": "log"},
        {"inner": {"rate": "fast"}},
        {"inner": {"rate": True}},
        {"size": [0, 5]},
    ],
)
def test_wrong_value_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        settings.build(Outer, values)


def test_plain_form_builds_the_same_settings() -> None:
    original = Outer(folder=Path("a/b"), layers=(1, 2), inner=Inner(rate=1))
    again = settings.build(Outer, settings.as_plain(original))
    assert again == original
    assert settings.fingerprint(again) == settings.fingerprint(original)
    assert settings.fingerprint(Outer()) != settings.fingerprint(original)


def test_differences_name_the_setting_and_both_values() -> None:
    assert settings.differences(Outer(), Outer(inner=Inner(rate=1.0))) == [
        "inner.rate: was 0.0002, now 1.0"
    ]
    assert settings.differences({"a": 1}, {"b": 2}) == [
        "a: was 1, now nothing",
        "b: was nothing, now 2",
    ]
