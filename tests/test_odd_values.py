"""Nothing that a person can type or put in a folder ends in a fault of ours (exit code 70)."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import all_commands, call, command
from drawn_shards import publish_shards
from made_once import made_once
from odd_values import (
    FILES,
    TOML,
    content_of,
    fault_of,
    file_of,
    keys_of,
    odd_places,
    odd_texts,
)
from scored_pictures import make_results
from small_market import make_market
from training_runs import small_settings, train

from shared.options import Offer, offers

LIMIT_S = 30
"""What one call may take; only a hang takes so long."""


class HangError(BaseException):
    """A command did not come to its end; no handler of ours catches it."""


@dataclass(frozen=True)
class Base:
    """A short command line that ends well; odd values are put into it.

    Args:
        name: The command.
        arguments: ``{data}`` stands for the folder of test data, ``{out}`` for a fresh output.
        outputs: Options that name what it writes; they are tried without ``--dry-run``.
        beside: What is given further with an option, where that is needed for it to be looked at.
        has_model: Whether it runs the pose network, which takes seconds to load.
    """

    name: str
    arguments: tuple[str, ...]
    outputs: tuple[str, ...] = ("--out",)
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_long: bool = False

    def line(self, option: str, data: Path, out: Path) -> list[str]:
        """The arguments without the option that is to be tried."""
        words = [*self.arguments, *dict(self.beside).get(option, ())]
        kept: list[str] = []
        skips = iter(range(len(words)))
        for at in skips:
            if words[at] == option and at + 1 < len(words):
                next(skips, None)
                continue
            if words[at] == "--dry-run" and option in self.outputs:
                continue
            kept.append(words[at].format(data=data, out=out))
        if not option.startswith("-"):
            kept = kept[1:]
        return kept


BASES = {
    base.name: base
    for base in (
        Base(
            "prep-market",
            ("--src", "{data}/market/Market", "--out", "{out}", "--keypoints",
             "{data}/market/keypoints.csv", "--workers", "1", "--dry-run"),
        ),
        Base(
            "extract-poses",
            ("--src", "{data}/photos", "--out", "{out}/poses.csv", "--pose-model", "demo",
             "--workers", "1"),
            is_long=True,
        ),
        Base(
            "draw-market",
            ("--out", "{out}", "--identities", "4", "--images-per-identity", "2",
             "--workers", "1", "--dry-run"),
        ),
        Base(
            "inspect-shards",
            ("{data}/shards",),
            outputs=("--sheet",),
            beside=(("--pairs", ("--sheet", "{out}.png")), ("--seed", ("--sheet", "{out}.png")),
                    ("--split", ("--sheet", "{out}.png"))),
        ),
        Base("posegan-doctor", (), outputs=()),
        Base(
            "train-gan",
            ("--shards", "{data}/shards", "--out", "{out}", "--channels", "1", "--features",
             "pixels", "--max-images", "2", "--preset", "dsc", "--dry-run"),
        ),
        Base(
            "eval-gan",
            ("--panels", "{data}/results/def-gan", "--protocols", "l1", "--limit", "2", "--out",
             "{out}"),
            beside=(
                ("--run", ("--shards", "{data}/shards")),
                ("--shards", ("--run", "{data}/run")),
                ("--raw-weights", ("--run", "{data}/run", "--shards", "{data}/shards")),
            ),
            is_long=True,
        ),
    )
}  # fmt: skip


def make_data(folder: Path) -> None:
    market = make_market(folder / "market", identities=1)
    shards = publish_shards(folder / "shards", train_shards=1)
    make_results(folder / "results", count=3)
    (folder / "photos").mkdir()
    name = market.names["train"][0]
    (folder / "photos" / name).write_bytes((market.folder("train") / name).read_bytes())
    train(small_settings(shards, channels=1, max_images=8), shards, folder / "run")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "odd-values", make_data)


@contextmanager
def alarm(seconds: int) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise HangError

    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


@dataclass
class Trial:
    """Calls with odd values, and what was wrong with their ends."""

    folder: Path
    faults: dict[str, str]
    calls: int = 0

    def call(self, case: str, name: str, *arguments: str) -> None:
        """Call a command and judge how it ends."""
        self.calls += 1
        try:
            with alarm(LIMIT_S):
                done = call(name, *arguments)
        except HangError:
            self.faults[case] = f"hangs: {name} {' '.join(arguments)[-300:]}"
            return
        if found := fault_of(done.exit_code, done.stderr, done.exception):
            self.faults[case] = found

    def out(self) -> Path:
        """An output that nobody has used."""
        return self.folder / "outputs" / str(self.calls)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    for name in ("cwd", "home", "outputs", "places"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return Trial(tmp_path, {})


def every_offer() -> list[object]:
    return [marked(each.command, each, f"{each.command} {each.option}") for each in OFFERS]


def marked(name: str, value: object, case: str) -> object:
    marks = pytest.mark.long if BASES[name].is_long else ()
    return pytest.param(value, id=case, marks=marks)


OFFERS = offers(all_commands().values())
NAMES = [marked(name, name, name) for name in all_commands()]


def test_every_command_has_a_line_to_put_odd_values_into() -> None:
    assert BASES.keys() == all_commands().keys()
    assert len(OFFERS) > 80


@pytest.mark.parametrize("name", NAMES)
def test_the_line_itself_ends_well(name: str, data: Path, trial: Trial) -> None:
    done = call(name, *BASES[name].line("--none", data, trial.out()))
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("offer", every_offer())
def test_odd_values_of_an_option_end_in_a_documented_way(
    offer: Offer, data: Path, trial: Trial
) -> None:
    base, option = BASES[offer.command], offer.option.partition("/")[0]
    put = functools.partial(base.line, option, data)
    word = [option] if option.startswith("-") else []
    is_path = "Path" in str(offer.declaration.core) or offer.declaration.flag == "--init-from"
    if offer.declaration.core is bool:
        for value in ("true", "", "0"):
            trial.call(value, base.name, *put(trial.out()), f"{option}={value}")
    else:
        places = odd_places(trial.folder / "places") if is_path else {}
        values = places if is_path else odd_texts(offer.declaration)
        for name, value in values.items():
            trial.call(name, base.name, *put(trial.out()), *word, value)
        trial.call("nothing behind it", base.name, *put(trial.out()), *word)
    trial.call("left out", base.name, *put(trial.out()))
    trial.call("twice", base.name, *put(trial.out()), *word, "1", *word, "2")
    strangers = trial.folder / "places" / "strangers"
    if strangers.exists():
        before = {name: f"the only copy of {name}\n".encode() for name in content_of(strangers)}
        assert content_of(strangers) == before and len(before) == 5
    assert not trial.faults, trial.faults
    assert not list((trial.folder / "home").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_odd_values_in_a_file_end_in_a_documented_way(
    name: str, data: Path, trial: Trial
) -> None:
    path = trial.folder / "odd.toml"
    for place, key in keys_of(command(name)):
        for case, value in TOML.items():
            path.write_text(file_of(place, key, value))
            given = BASES[name].line(f"--{key.replace('_', '-')}", data, trial.out())
            trial.call(f"{place} {key} = {case}", name, *given, "--config", str(path))
    assert not trial.faults, trial.faults


@pytest.mark.parametrize("name", NAMES)
def test_odd_files_of_options_end_in_a_documented_way(name: str, data: Path, trial: Trial) -> None:
    path = trial.folder / "odd.toml"
    for case, content in FILES.items():
        path.write_bytes(content)
        given = BASES[name].line("--config", data, trial.out())
        trial.call(case, name, *given, "--config", str(path))
    assert not trial.faults, trial.faults
