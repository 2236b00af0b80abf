"""train-gan below torchrun itself: agents and ranks are stopped and killed, nodes are several."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import program
from drawn_shards import publish_shards
from process_tree import alive, descendants

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

README = Path(__file__).resolve().parents[2] / "README.md"
TWO = ("--standalone", "--nproc-per-node", "2")
ENDLESS = ("--max-images", "40000")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The words of train-gan, as torchrun starts them."""
    shards = publish_shards(tmp_path / "shards", train_shards=1)
    config = tmp_path / "small.toml"
    config.write_text(
        'preset = "dsc"\nchannels = 1\nfeatures = "pixels"\nmax-images = 8\ndevice = "cpu"\n'
        "[run]\nstatus-images = 4\nsheet-images = 0\ncheckpoint-images = 8\nsheet-pairs = 1\n"
        "score-pairs = 2\n"
    )
    given = ["--shards", shards, "--config", config, "--out", tmp_path / "run"]
    return program("train-gan", *given)


def torchrun(*given: str, command: list[str]) -> list[str]:
    return [sys.executable, "-m", "torch.distributed.run", *given, "--no-python", *command]


def start(words: list[str], said: Path) -> subprocess.Popen[bytes]:
    with said.open("wb") as file:
        return subprocess.Popen(words, stdout=file, stderr=file, env=ENVIRONMENT)


def wait_until_trained(out: Path, agent: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes of the ranks, in no order, when a checkpoint is there."""
    deadline = time.monotonic() + 400
    while not list(out.glob("checkpoint-*.pt")) and agent.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = descendants(agent.pid)
    return [child for child in children if b"train_gan" in _words(child)]


def _words(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def lines(said: Path) -> list[str]:
    """What the ranks complained of; torchrun's own lines begin otherwise."""
    return [line for line in said.read_text().splitlines() if line.startswith("error: ")]


def all_end(processes: list[int]) -> bool:
    deadline = time.monotonic() + 60
    while any(alive(each) for each in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(alive(each) for each in processes)


def test_a_stopped_agent_stops_both_ranks_and_the_same_command_goes_on(
    command: list[str], tmp_path: Path
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    agent = start(torchrun(*TWO, command=[*command, *ENDLESS]), first)
    ranks = wait_until_trained(tmp_path / "run", agent)
    assert len(ranks) == 2, first.read_text()
    agent.send_signal(signal.SIGTERM)
    agent.wait(120)
    assert all_end(ranks)
    (line,) = lines(first)
    assert "stopped by SIGTERM" in line and "repeat the same command" in line
    done = start(torchrun(*TWO, command=command), second)
    assert done.wait(300) == 0, second.read_text()
    assert second.read_text().count("going on from checkpoint") == 1


@pytest.mark.slow
def test_a_killed_rank_and_a_killed_agent_leave_nobody_behind(
    command: list[str], tmp_path: Path
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    agent = start(torchrun(*TWO, command=[*command, *ENDLESS]), first)
    ranks = wait_until_trained(tmp_path / "run", agent)
    os.kill(max(ranks), signal.SIGKILL)
    assert agent.wait(120) == 1
    assert all_end(ranks)
    assert len(lines(first)) == 1, first.read_text()

    agent = start(torchrun(*TWO, command=[*command, *ENDLESS]), second)
    wait_for_words(second, "going on from checkpoint", agent)
    ranks = wait_until_trained(tmp_path / "run", agent)
    agent.kill()
    agent.wait()
    assert all_end(ranks), "orphans train on"
    said = lines(second)  # torchrun's store is gone with it: each may have to speak for itself
    assert 1 <= len(said) <= 2
    assert all("stopped by the end of its launcher" in line for line in said)


SRUN = """#!/bin/bash
# Two nodes that are one machine: every node runs the words.
for node in 0 1; do "$@" & done
status=0
for each in $(jobs -p); do wait "$each" || status=1; done
exit $status
"""


@pytest.mark.slow
def test_the_slurm_file_of_the_readme_trains_on_two_nodes(
    command: list[str], tmp_path: Path
) -> None:
    found = re.findall(r"^```sh\n(#!/bin/bash\n#SBATCH.*?)^```", README.read_text(), re.M | re.S)
    (script,) = found
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("srun", SRUN), ("scontrol", "#!/bin/bash\necho 127.0.0.1\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    *_, given = script.partition("train-gan")
    assert "--shards shards/ --out runs/large" in given
    small = script.replace("--nproc-per-node 4", "--nproc-per-node 1").replace(
        "--shards shards/ --out runs/large --batch 32 --max-hours 23", " ".join(command[3:])
    )
    small = small.replace("train-gan", shlex.join(command[:3]), 1)
    environment = {
        **ENVIRONMENT,
        "PATH": os.pathsep.join(
            [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "SLURM_JOB_NODELIST": "localhost",
        "SLURM_NNODES": "2",
        "SLURM_JOB_ID": "7",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", small],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "batch 4 on 2 processes" in done.stderr
    assert list((tmp_path / "run").glob("checkpoint-*.pt"))


def wait_for_words(said: Path, words: str, agent: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 400
    while words not in said.read_text() and agent.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
