"""Commands and options made from declarations."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner, Result
from commands import all_commands

from shared.declarations import declared, setting
from shared.options import Command, command, offers
from shared.quantities import Bytes, Names, Size
from shared.settings import build_given

COMMANDS = all_commands()


@declared("Deep")
class Deep:
    rate: float = setting(default=0.5, ge=0, le=1, flag="--rate", help="A rate.")
    hidden: int = setting(default=1, ge=0, le=9, help="In files only.")


@declared("Main")
class Main:
    out: Path = setting(path="folder", flag="--out", help="A folder.")
    seed: int = setting(default=1, ge=0, le=2**63 - 1, flag="--seed", help="A seed.")
    size: Size = setting(default=(128, 64), ge=8, le=256, flag="--size", help="A size.")
    room: Bytes = setting(default=48_000_000, ge=1, le=10**9, flag="--room", help="A room.")
    names: Names = setting(default=(), flag="--names", help="Some names.")
    kind: Literal["hinge", "vanilla"] = setting(default="hinge", flag="--kind", help="A kind.")
    half: bool = setting(default=True, flag="--half/--no-half", help="Half.")
    files: tuple[Path, ...] = setting(default=(), path="file", flag="--file", help="Files.")
    deep: Deep = setting(default_factory=Deep, help="A section.")


@command(Main, examples=("try-it --out a", "try-it --out b"))
def try_it(**options: Any) -> None:
    """Try it."""
    print(build_given(Main, options))


def call(*arguments: object) -> Result:
    return CliRunner().invoke(try_it, [str(argument) for argument in arguments])


def refused(result: Result) -> str:
    """The one line of a command that ended with exit code 2."""
    assert result.exit_code == 2, result.output
    lines = result.output.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), result.output
    return lines[0]


def test_options_become_settings() -> None:
    result = call(
        *("--out", "a", "--size", "64x32", "--room", "2KB", "--names", "b,c", "--no-half"),
        *("--file", "x", "--file", "y", "--rate", "1", "--seed", 7, "--kind", "vanilla"),
    )
    expected = Main(
        out=Path("a"),
        size=(64, 32),
        room=2000,
        names=("b", "c"),
        half=False,
        files=(Path("x"), Path("y")),
        deep=Deep(rate=1.0),
        seed=7,
        kind="vanilla",
    )
    assert result.output.strip() == str(expected)


def test_what_is_not_given_has_its_declared_default() -> None:
    assert call("--out", "a").output.strip() == str(Main(out=Path("a")))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--out: expected a folder, found nothing; add --out FOLDER"),
        (["--seed", "many"], "--seed: expected a whole number from 0 to 9,223,"),
        (["--seed", str(2**64 + 1)], "choose a value in that range"),
        (["--seed", "9" * 5000], "--seed: expected a whole number"),
        (["--rate", "nan"], "--rate: expected a number from 0 to 1, found nan"),
        (["--rate", "inf"], "found inf"),
        (["--rate", "-0.1"], "found -0.1; choose a value in that range"),
        (["--kind", "log"], "--kind: expected hinge or vanilla, found 'log'; choose one of them"),
        (["--size", "4x64"], "--size: expected HEIGHTxWIDTH, up to 256, found '4x64'"),
        (["--size", "big"], "--size: expected HEIGHTxWIDTH"),
        (["--room", "1e9"], "--room: expected a number of bytes like 48MB, 1B to 1GB"),
        (["--file", ""], "--file: expected a list of paths"),
        (["--out", ""], "--out: expected a folder, found ''"),
        (["--out", __file__], "--out: expected a folder, found a file"),
        (["--file", "/"], "expected a file, found a folder"),
        (["--sed", "3"], "expected an option that it has, found --sed; did you mean --seed?"),
        (["--qqq"], "found --qqq; see try-it --help"),
        (["--seed"], "--seed: expected a whole number"),
        (["--half=3"], "--half: expected no value"),
        (["stray"], "try-it: expected what its help lists"),
        (["--config", "no.toml"], "no.toml: expected a readable TOML file"),
    ],
)
def test_every_refusal_is_one_line(arguments: list[str], said: str) -> None:
    given = arguments if "--out" in arguments or not arguments else ["--out", "a", *arguments]
    line = refused(call(*given))
    assert said in line


def test_a_file_gives_options_and_tables_and_the_command_line_wins(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(
        'out = "b"\nseed = 3\nsize = "64x32"\nhalf = false\nfile = ["x"]\n'
        "[deep]\nhidden = 4\nrate = 0.25\n"
    )
    expected = Main(
        out=Path("b"),
        seed=5,
        size=(64, 32),
        half=False,
        files=(Path("x"),),
        deep=Deep(hidden=4, rate=0.25),
    )
    assert call("--config", file, "--seed", 5).output.strip() == str(expected)
    assert "rate=0.75" in call("--config", file, "--rate", "0.75").output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sed = 3", "a.toml: expected known settings only, found 'sed'; did you mean 'seed'?"),
        ("seed = true", "a.toml: seed: expected a whole number"),
        ("seed = -1", "a.toml: seed: expected a whole number"),
        ("rate = nan", "a.toml: rate: expected a number from 0 to 1, found nan"),
        ('half = "yes"', "a.toml: half: expected true or false, found 'yes'"),
        ("out = 3", "a.toml: out: expected a folder, found 3"),
        ('out = "\\u0000"', "a.toml: out: expected a folder"),
        ("file = 3", "a.toml: file: expected a list of paths, found 3"),
        ("deep = 3", "a.toml: expected a table [deep], found 3"),
        ("[seed]\na = 1", "a.toml: expected a value for seed, found a table"),
        ("[deep]\nhiden = 1", "a.toml: deep: expected known settings only, found 'hiden'"),
        ("[deep]\nhidden = 11", "a.toml: deep.hidden: expected a whole number from 0 to 9"),
        ("seed = " + "9" * 5000, "a.toml: expected valid TOML"),
        ("seed = 0x" + "f" * 5000, "a.toml: seed: expected a whole number"),
        ("seed = " + "[" * 100_000, "a.toml: expected valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_key(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "a.toml").write_text(content)
    assert said in refused(call("--out", "a", "--config", tmp_path / "a.toml"))


def test_the_help_tells_defaults_ranges_and_groups() -> None:
    text = " ".join(call("--help").output.split())
    for said in (
        "Main options:",
        "Deep options:",
        "[default: 0.5; 0 to 1]",
        "[default: 128x64; up to 256]",
        "[default: 48MB; 1B to 1GB]",
        "[default: 1; 0 or more]",
        "--kind [hinge|vanilla]",
        "[default: half]",
        "[required]",
        "Examples: try-it --out a",
    ):
        assert said in text
    assert "hidden" not in text


def required() -> list[tuple[str, str]]:
    return [
        (offer.command, offer.option) for offer in offers(COMMANDS.values()) if offer.param.required
    ]


def test_each_command_says_what_it_requires() -> None:
    assert len(COMMANDS) >= 11
    assert all(isinstance(one, Command) and one.name == name for name, one in COMMANDS.items())
    assert set(required()) == {
        ("prep-market", "--src"),
        ("prep-market", "--out"),
        ("extract-poses", "--src"),
        ("extract-poses", "--out"),
        ("draw-market", "--out"),
        ("inspect-shards", "shards"),
        ("export-pairs", "shards"),
        ("export-pairs", "--format"),
        ("export-pairs", "--out"),
        ("check-reid", "folder"),
        ("copy-shards", "src"),
        ("copy-shards", "dst"),
        ("export-generator", "run"),
        ("export-generator", "--out"),
        ("share-generator", "action"),
        ("share-generator", "--repo"),
        ("report-run", "runs"),
        ("report-run", "--html"),
        ("repose", "--model"),
        ("repose", "--source"),
        ("repose", "--target"),
        ("repose", "--out"),
        ("posegan-studio", "--model"),
        ("train-gan", "--shards"),
        ("augment-reid", "--model"),
        ("augment-reid", "--shards"),
        ("augment-reid", "--market"),
        ("augment-reid", "--out"),
        ("train-reid", "--src"),
        ("train-reid", "--out"),
    }


VALUES = {"--format": "gfla", "action": "pull", "--repo": "a/b"}


@pytest.mark.parametrize(("name", "missing"), required())
def test_a_required_option_that_is_missing_is_one_line(
    name: str, missing: str, tmp_path: Path
) -> None:
    given: list[str] = []
    for other, option in required():
        if other == name and option != missing:
            value = VALUES.get(option, str(tmp_path / "a"))
            given += [option, value] if option.startswith("-") else [value]
    arguments = [each for other, each in required() if other == name and each[0] != "-"]
    if missing in arguments:  # of several arguments the last one is missing, whichever was meant
        missing = arguments[-1]
    line = refused(CliRunner().invoke(COMMANDS[name], given))
    assert missing.lower() in line.lower() and "found nothing; add" in line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--run", "a"],
        ["--generated", "a"],
        ["--generated", "a", "--out", "b"],
        ["--out", "b"],
        ["--run", "a", "--shards", "b", "--panels", "c"],
    ],
)
def test_eval_gan_says_what_it_lacks(arguments: list[str]) -> None:
    refused(CliRunner().invoke(COMMANDS["eval-gan"], arguments))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_comes_from_a_declaration(name: str) -> None:
    offered = {offer.param.name for offer in offers([COMMANDS[name]])}
    assert offered == {param.name for param in COMMANDS[name].params}
    assert "config" in offered


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_examples(name: str) -> None:
    text = CliRunner().invoke(COMMANDS[name], ["--help"]).output
    assert text.partition("Examples:")[2].count(f"{name}") >= 2
    assert inspect.cleandoc(COMMANDS[name].help or "").split()[0] in text


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("train-gan", "--channels", "1000000000"),
        ("train-gan", "--batch", "100000000"),
        ("train-gan", "--seed", str(2**64 + 1)),
        ("train-gan", "--max-hours", "inf"),
        ("train-gan", "--preset", "worst"),
        ("prep-market", "--max-pairs-per-identity", "1e20"),
        ("prep-market", "--max-bad", "nan"),
        ("extract-poses", "--pose-batch", "0"),
        ("eval-gan", "--limit", "0"),
        ("inspect-shards", "--pairs", "65"),
        ("draw-market", "--identities", "3"),
    ],
)
def test_odd_values_are_refused_by_name(name: str, option: str, value: str) -> None:
    line = refused(CliRunner().invoke(COMMANDS[name], [option, value]))
    assert line.startswith(f"error: {option}: expected ")
