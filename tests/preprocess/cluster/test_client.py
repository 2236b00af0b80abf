"""Stage 1 on a dask cluster of real processes: equal shards, whatever happens to workers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dask_fakes
import pytest
from commands import call
from dask_fakes import DeadlyDisk, noted_openings, settings_for
from dask_processes import TESTS, WITHOUT_POSEGAN, Processes, scheduler, wait_until
from made_once import made_once
from small_market import SmallMarket, make_market

from preprocess.cluster.client import AHEAD, Cluster
from preprocess.cluster.needs import needs_of
from preprocess.pipeline import run
from preprocess.settings import PrepareSettings, RunSettings
from preprocess.sources.registry import find_source
from shared.console import Console
from shared.errors import DamagedError, NoSpaceError, StoppedError, UsageError
from shared.files import Disk

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

NOT_COMPARED = {"manifest.json", ".lock"}
"""They hold times and process numbers."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A scheduler; whoever needs workers starts them."""
    with scheduler(tmp_path_factory.mktemp("alone")) as processes:
        yield processes


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A scheduler with two workers to whom nothing happens."""
    folder = tmp_path_factory.mktemp("crew")
    with scheduler(folder) as processes, processes.workers(2):
        yield processes


def make_reference(folder: Path) -> None:
    market = make_market(folder, identities=5)
    assert prep(market, folder / "out", "--backend", "threading").exit_code == 0


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set and, in ``out``, what a run without a cluster makes of it."""
    return made_once(tmp_path_factory, "market-of-a-cluster", make_reference)


@pytest.fixture(scope="module")
def market(reference: Path) -> SmallMarket:
    return SmallMarket(reference / "Market", reference / "keypoints.csv")


def prep(market: SmallMarket, out: Path, *more: object):
    words = ("--src", market.root, "--keypoints", market.keypoints, "--shard-size", "100KB")
    return call("prep-market", *words, "--workers", 1, "--out", out, *more)


def on(address: str) -> tuple[str, ...]:
    return ("--backend", "dask", "--cluster", address)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {str(path.relative_to(folder)): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if name not in NOT_COMPARED}


def run_on(settings: PrepareSettings, disk: Disk | None = None) -> None:
    source = find_source(settings.src, settings.data_set)
    run(settings, source, Console(quiet=True), disk=disk)


def hired(processes: Processes, folder: Path, patience_s: float = 20) -> Cluster:
    cluster = Cluster(processes.address, patience_s)
    cluster.hire(needs_of([], [], folder, held=False, poses=False))
    return cluster


def test_shards_and_tables_of_a_cluster_are_those_of_one_process(
    crew: Processes, market: SmallMarket, reference: Path, tmp_path: Path
) -> None:
    asked = prep(market, tmp_path / "out", *on(crew.address), "--dry-run")
    assert asked.exit_code == 0 and "with 2 workers" in asked.stdout, asked.stderr
    assert not (tmp_path / "out").exists()
    done = prep(market, tmp_path / "out", *on(crew.address))
    assert done.exit_code == 0, done.stderr
    made = contents(tmp_path / "out")
    assert len([name for name in made if name.endswith(".h5")]) > 5
    assert made == contents(reference / "out")
    assert crew.num_tasks() == 0


def test_a_finished_folder_needs_no_cluster(
    market: SmallMarket, reference: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(reference / "out", tmp_path / "out")
    nobody = on(f"127.0.0.1:{unused_port()}")
    assert prep(market, out, *nobody).exit_code == 0
    assert prep(market, out, *nobody, "--dry-run").exit_code == 0


def test_results_come_in_order_and_few_tasks_are_sent_ahead(
    crew: Processes, tmp_path: Path
) -> None:
    taken: list[int] = []
    with hired(crew, tmp_path) as cluster:
        arguments = ((taken.append(number) or number,) for number in range(40))
        for number, square in enumerate(cluster.results(dask_fakes.square_late, arguments)):
            assert square == number * number
            assert len(taken) <= number + AHEAD * 2
    assert len(taken) == 40


@pytest.mark.parametrize(
    ("kind", "expected", "said"),
    [
        ("damaged", DamagedError, "a picture: expected a whole one"),
        ("space", NoSpaceError, "the disk: expected room"),
        ("memory", NoSpaceError, "memory: expected room for the work"),
        ("file", UsageError, "/lost: expected a file or folder that can be used"),
        ("fault", RuntimeError, "ZeroDivisionError: nobody expected this"),
    ],
)
def test_what_a_task_met_arrives_whole(
    kind: str, expected: type[Exception], said: str, crew: Processes, tmp_path: Path
) -> None:
    with hired(crew, tmp_path) as cluster, pytest.raises(expected, match=said) as met:
        list(cluster.results(dask_fakes.fail, [(kind,)]))
    assert type(met.value) is expected


def test_each_worker_opens_the_pose_model_once_and_finds_what_one_process_finds(
    crew: Processes, market: SmallMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preprocess.pose.stage.BLOCK_IMAGES", 3)
    made = {}
    for name, how in (
        ("one", RunSettings(backend="threading")),
        ("many", RunSettings(backend="dask", cluster=crew.address)),
    ):
        openings, out = tmp_path / f"{name}-openings", tmp_path / name
        settings = PrepareSettings(src=market.root, out=out, run=how)
        source, opening = find_source(market.root), noted_openings(openings)
        run(settings, source, Console(quiet=True), open_estimator=opening)
        made[name] = contents(out)
        processes = [path.name.partition("-")[0] for path in openings.iterdir()]
        assert 1 <= len(processes) == len(set(processes)) <= 2
    assert len([name for name in made["one"] if name.endswith(".poses")]) > 10
    assert made["many"] == made["one"]


def test_killed_workers_change_nothing_and_without_any_the_same_command_continues(
    alone: Processes, market: SmallMarket, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    settings = settings_for(market.root, out, alone.address, patience_s=5)
    with alone.workers(1), pytest.raises(StoppedError, match="found none for 5 s; repeat"):
        run_on(settings, DeadlyDisk(tmp_path / "first", file=".pictures-"))
    assert (tmp_path / "first" / "killed").exists()
    assert not list(out.rglob(".*.part")) and not (out / "manifest.json").exists()
    with alone.workers(2):
        settings = settings_for(market.root, out, alone.address)
        run_on(settings, DeadlyDisk(tmp_path / "second"))
    assert (tmp_path / "second" / "killed").exists()
    assert contents(out) == contents(reference / "out")


def test_a_scheduler_that_goes_away_ends_the_run_and_it_continues_without_one(
    market: SmallMarket, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with scheduler(tmp_path / "gone") as processes, processes.workers(1, are_left=True):
        settings = settings_for(market.root, out, processes.address, patience_s=5)
        with pytest.raises(StoppedError, match=r"the cluster at tcp.*repeat the command") as met:
            run_on(settings, DeadlyDisk(tmp_path, processes.process.pid))
        assert met.value.exit_code == 75 and "\n" not in str(met.value)
    assert prep(market, out, "--backend", "threading").exit_code == 0
    assert contents(out) == contents(reference / "out")


@pytest.mark.parametrize(
    ("number", "to_group", "code"), [(signal.SIGINT, True, 130), (signal.SIGTERM, False, -15)]
)
def test_a_signal_ends_the_command_and_the_cluster_drops_its_tasks(
    number: signal.Signals,
    to_group: bool,
    code: int,
    crew: Processes,
    market: SmallMarket,
    tmp_path: Path,
) -> None:
    words = (sys.executable, dask_fakes.__file__, market.root, tmp_path / "out", crew.address)
    paths = os.pathsep.join(map(str, (TESTS.parent, TESTS)))
    with subprocess.Popen(
        [*map(str, words), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until(lambda: (tmp_path / "begun").exists() or process.poll() is not None)
        (os.killpg if to_group else os.kill)(process.pid, number)
        assert process.wait(60) == code
        assert process.stderr is not None
        said = process.stderr.read()
        assert "Traceback" not in said and said.count("\n") <= 1, said
    wait_until(lambda: crew.num_tasks() == 0)


def unused_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def refused(market: SmallMarket, out: Path, address: str, patience_s: float = 1) -> str:
    """The line with which both a run and a dry run are refused, which leave no trace."""
    config = out.parent / "patience.toml"
    config.write_text(f"[run]\npatience_s = {patience_s}\n")
    lines = []
    for more in (("--dry-run",), ()):
        done = prep(market, out, *on(address), "--config", config, *more)
        assert done.exit_code == 2, done.output
        assert not out.exists()
        (line,) = done.stderr.splitlines()
        lines.append(line)
    assert len(set(lines)) == 1, lines
    return lines[0]


def test_an_address_where_nobody_listens_is_one_line(market: SmallMarket, tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{unused_port()}"
    said = refused(market, tmp_path / "out", address)
    assert f"--cluster {address}: expected a dask scheduler that answers, found " in said


def test_somebody_who_says_nothing_is_one_line(market: SmallMarket, tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        said = refused(market, tmp_path / "out", f"127.0.0.1:{server.getsockname()[1]}")
    assert "expected a dask scheduler that answers" in said


def test_a_cluster_without_workers_is_one_line(
    alone: Processes, market: SmallMarket, tmp_path: Path
) -> None:
    said = refused(market, tmp_path / "out", alone.address, 5)
    assert said.endswith(
        f"the cluster at {alone.address}: expected at least one worker, found none within 5 s; "
        f"start one: dask worker {alone.address}"
    )


def test_a_worker_without_posegan_is_named_before_anything_is_made(
    alone: Processes, market: SmallMarket, tmp_path: Path
) -> None:
    with alone.workers(1, before=WITHOUT_POSEGAN):
        said = refused(market, tmp_path / "out", alone.address, 60)
    assert "error: worker tcp://127.0.0.1:" in said and "preprocess" in said
    assert said.endswith("; install the same on every machine")


def test_a_worker_with_one_other_line_of_code_is_named(
    alone: Processes, market: SmallMarket, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for package in ("shared", "data_manifest", "preprocess"):
        shutil.copytree(TESTS.parent / package, other / package)
    with (other / "shared" / "affine.py").open("a") as file:
        file.write("\n# a change\n")
    with alone.workers(1, code=other, cwd=other):
        said = refused(market, tmp_path / "out", alone.address, 60)
    assert "expected posegan " in said and " as here, found " in said


def test_a_worker_that_sees_another_source_or_output_is_named(
    alone: Processes,
    market: SmallMarket,
    reference: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, elsewhere = Path("/proc/self/cwd"), tmp_path / "elsewhere"  # each process has its own
    elsewhere.mkdir()
    with alone.workers(1, cwd=elsewhere):
        monkeypatch.chdir(reference)
        seen = SmallMarket(here / "Market", market.keypoints)
        said = refused(seen, tmp_path / "out", alone.address, 60)
        assert "expected the file /proc/self/cwd/Market/bounding_box_" in said
        assert said.endswith("found none there; let every machine see it at the same path")
        monkeypatch.chdir(tmp_path)
        done = prep(market, here / "out", *on(alone.address))
    assert done.exit_code == 2 and not (tmp_path / "out").exists()
    assert "expected the folder /proc/self/cwd/out" in done.stderr


@pytest.mark.slow
def test_the_demo_pose_model_finds_the_same_on_a_cluster(crew: Processes, tmp_path: Path) -> None:
    drawn, made = tmp_path / "drawn", {}
    how = ("--identities", 4, "--images-per-identity", 2, "--workers", 1)
    assert call("draw-market", "--out", drawn, *how).exit_code == 0
    words = ("--src", drawn, "--pose-model", "demo", "--max-bad", 1, "--workers", 1)
    for name, more in (("one", ()), ("many", on(crew.address))):
        done = call("prep-market", *words, "--out", tmp_path / name, *more)
        assert done.exit_code == 0, done.stderr
        made[name] = contents(tmp_path / name)
    assert any(name.endswith(".poses") for name in made["one"])
    assert made["many"] == made["one"]
