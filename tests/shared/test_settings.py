"""Settings: layers, checks, names that are nearly right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from shared import settings
from shared.declarations import declared, setting
from shared.errors import UsageError


@declared("Inner")
class Inner:
    rate: float = setting(default=2e-4, ge=0, le=10, help="A rate.")
    betas: tuple[float, float] = setting(default=(0.5, 0.999), ge=0, lt=1, help="Decays.")


@declared("Outer")
class Outer:
    name: str = setting(default="full", help="A name.")
    size: tuple[int, int] = setting(default=(128, 64), le=4096, help="A size.")
    layers: tuple[int, ...] = setting(default=(), help="Layers.")
    kind: Literal["hinge", "vanilla"] = setting(default="vanilla", help="A kind.")
    folder: Path | None = setting(default=None, help="A folder.")
    inner: Inner = setting(default_factory=Inner, help="A section.")

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


@declared("Old")
class Old:
    rate: float = setting(default=1.0, ge=0, le=10, help="A rate.")


@declared("Newer section")
class Section:
    flow: bool = setting(default=False, help="Whether.")


@declared("New")
class New:
    rate: float = setting(default=1.0, ge=0, le=10, help="A rate.")
    later: int = setting(default=3, ge=0, le=10, since="0.2", help="Came later.")
    section: Section = setting(default_factory=Section, since="0.2", help="Came later.")


def test_a_later_setting_at_its_default_changes_no_name_and_no_comparison() -> None:
    assert settings.fingerprint(New()) == settings.fingerprint(Old())
    assert settings.differences(Old(), New()) == []
    assert settings.lasting(New()) == {"rate": 1.0}
    assert settings.as_plain(New()) == {"rate": 1.0, "later": 3, "section": {"flow": False}}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (New(later=4), "later: was nothing, now 4"),
        (New(section=Section(flow=True)), "section.flow: was nothing, now True"),
    ],
)
def test_a_later_setting_that_was_chosen_counts(new: New, said: str) -> None:
    assert settings.fingerprint(new) != settings.fingerprint(Old())
    assert settings.differences(Old(), new) == [said]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "log"}, "a.toml: kind: expected hinge or vanilla, found 'log'; choose one of"),
        ({"name": 3}, "a.toml: name: expected a text, found 3; give a value of that kind"),
        ({"size": [1]}, "a.toml: size: expected a list of 2 whole numbers"),
        ({"inner": {"rate": "fast"}}, "a.toml: inner.rate: expected a number from 0 to 10"),
        ({"inner": {"betas": [2, 3]}}, "expected a list of 2 numbers, each from 0 to below 1"),
        ({"inner": 3}, "a.toml: inner: expected settings, found 3"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings.build(Outer, values, where="a.toml")
    assert said in caught.value.message
    assert "\n" not in caught.value.message and "Input should" not in caught.value.message


def test_a_whole_number_in_the_place_of_a_number_keeps_its_saved_form() -> None:
    built = settings.build(Outer, {"inner": {"rate": 1, "betas": [0, 0.5]}})
    assert json.dumps(settings.as_plain(built.inner)) == '{"rate": 1, "betas": [0, 0.5]}'


@dataclass(frozen=True)
class Record:
    name: str
    identities: tuple[int, ...]
    size: float = 1.0


def test_a_plain_record_is_checked_by_its_types() -> None:
    assert settings.build(Record, {"name": "a", "identities": [1, 2]}) == Record("a", (1, 2))
    for wrong in ({"name": "a"}, {"name": "a", "identities": [1.5]}, {"name": 1, "identities": []}):
        with pytest.raises(UsageError):
            settings.build(Record, wrong)
