"""The parent of a run is killed alone: its workers go, pipes end, and nothing more is published."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import program
from process_tree import alive, descendants
from small_market import hashes, make_market

pytestmark = pytest.mark.process


def arguments(name: str, tmp_path: Path, out: Path) -> list[str]:
    if name == "draw-market":
        many = ["--identities", 400, "--images-per-identity", 8]
        return program(name, "--out", out, *many, "--workers", 2)
    market = make_market(tmp_path, identities=60, images=6)
    given = ["--src", market.root, "--keypoints", market.keypoints, "--shard-size", 100_000]
    return program(name, "--out", out, *given, "--workers", 2)


@pytest.mark.parametrize("name", ["prep-market", "draw-market"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_killed_alone_leaves_no_worker_and_no_open_pipe(
    tmp_path: Path, name: str, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        arguments(name, tmp_path, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as parent:
        assert parent.stdout is not None
        patterns = ("*.h5", ".train*.part", "bounding*/*.jpg", "bounding*/.*.part")
        deadline = time.monotonic() + 120
        while not any(path for each in patterns for path in out.glob(each)):
            assert parent.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
        workers = descendants(parent.pid)
        assert len(workers) >= 2
        os.kill(parent.pid, number)
        parent.wait(10)
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if _is_named(path)}
        killed = time.monotonic()
        assert parent.stdout.read() is not None  # returns when the last holder of the pipe is gone
        pipe_s = time.monotonic() - killed
        while any(alive(worker) for worker in workers) and time.monotonic() < killed + 30:
            time.sleep(0.02)
        gone_s = time.monotonic() - killed
        load = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        assert max(pipe_s, gone_s) < 2 * load
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*") if _is_named(path)}
    assert after == before, "a worker published after its run was dead"


def _is_named(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(".part")


def test_old_workers_put_nothing_into_a_folder_that_is_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = arguments("prep-market", tmp_path, out)
    parent = subprocess.Popen(first, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while parent.poll() is None and not list(out.glob("*.h5")):
        time.sleep(0.005)
    parent.kill()
    parent.wait()
    anew = [*first, "--num-test-pairs", "7", "--overwrite"]
    subprocess.run(anew, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = hashes(out)
    time.sleep(1)
    assert hashes(out) == made
    subprocess.run(program("inspect-shards", out, "--verify"), check=True, capture_output=True)
    assert list(out.rglob("*.part")) == []
