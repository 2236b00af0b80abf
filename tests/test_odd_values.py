"""Nothing that a person can type or put in a folder ends in a fault of ours (exit code 70)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_rows import Row, first_rows, make_data
from commands import all_commands, call, command
from made_once import made_once
from odd_values import (
    FILES,
    TOML,
    fault_of,
    file_of,
    keys_of,
    noted,
    odd_places,
    odd_texts,
)

from shared.options import Offer, offers

pytestmark = [pytest.mark.long, pytest.mark.slow]

LIMIT_S = 15
"""What one call may take; only a hang takes so long."""


class HangError(BaseException):
    """A command did not come to its end; no handler of ours catches it."""


ROWS = first_rows()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "command-rows", make_data)


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

    def judge(self) -> None:
        """Fail with a line for each fault."""
        if self.faults:
            lines = [f"{case}: {fault}" for case, fault in self.faults.items()]
            pytest.fail("\n".join(lines), pytrace=False)

    def out(self, row: Row) -> Path:
        """An output that nobody has used."""
        out = self.folder / "outputs" / str(self.calls)
        if not row.owns_folder:
            out.mkdir(exist_ok=True)
        return out


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    for name in ("cwd", "home", "outputs", "places"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path / "cache"))
    return Trial(tmp_path, {})


def every_offer() -> list[object]:
    return [marked(each.command, each, f"{each.command} {each.option}") for each in OFFERS]


def marked(name: str, value: object, case: str) -> object:
    return pytest.param(value, id=case)


OFFERS = offers(all_commands().values())
NAMES = [marked(name, name, name) for name in all_commands()]


def test_every_command_has_a_line_to_put_odd_values_into() -> None:
    assert ROWS.keys() == all_commands().keys()
    assert len(OFFERS) > 80


@pytest.mark.parametrize("name", NAMES)
def test_the_line_itself_ends_well(name: str, data: Path, trial: Trial) -> None:
    done = call(name, *ROWS[name].without("--none", data, trial.out(ROWS[name])))
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("offer", every_offer())
def test_odd_values_of_an_option_end_in_a_documented_way(
    offer: Offer, data: Path, trial: Trial
) -> None:
    row, option = ROWS[offer.command], offer.option.partition("/")[0]

    def put() -> list[str]:
        return row.without(option, data, trial.out(row))

    word = [option] if option.startswith("-") else []
    is_path = "Path" in str(offer.declaration.core) or offer.declaration.flag == "--init-from"
    if offer.declaration.core is bool:
        for value in ("true", "", "0"):
            trial.call(value, row.name, *put(), f"{option}={value}")
    else:
        places = odd_places(trial.folder / "places") if is_path else {}
        values = places if is_path else odd_texts(offer.declaration)
        for name, value in values.items():
            trial.call(name, row.name, *put(), *word, value)
        trial.call("nothing behind it", row.name, *put(), *word)
    trial.call("left out", row.name, *put())
    trial.call("twice", row.name, *put(), *word, "1", *word, "2")
    strangers = trial.folder / "places" / "strangers"
    if strangers.exists():
        before = {name: f"the only copy of {name}\n".encode() for name in noted(strangers)}
        assert noted(strangers) == before and len(before) == 5
    trial.judge()
    assert not list((trial.folder / "home").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_odd_values_in_a_file_end_in_a_documented_way(name: str, data: Path, trial: Trial) -> None:
    path = trial.folder / "odd.toml"
    for place, key in keys_of(command(name)):
        for case, value in TOML.items():
            path.write_text(file_of(place, key, value))
            given = ROWS[name].without(f"--{key.replace('_', '-')}", data, trial.out(ROWS[name]))
            trial.call(f"{place} {key} = {case}", name, *given, "--config", str(path))
    trial.judge()


@pytest.mark.parametrize("name", NAMES)
def test_odd_files_of_options_end_in_a_documented_way(name: str, data: Path, trial: Trial) -> None:
    path = trial.folder / "odd.toml"
    for case, content in FILES.items():
        path.write_bytes(content)
        given = ROWS[name].without("--config", data, trial.out(ROWS[name]))
        trial.call(case, name, *given, "--config", str(path))
    trial.judge()
