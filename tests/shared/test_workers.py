"""Workers end with their parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shared.workers import end_with_parent


def test_a_worker_stays_while_its_parent_lives_and_leaves_when_it_changes() -> None:
    left = threading.Event()
    parent = [7]
    thread = end_with_parent(7, parent_of_this=lambda: parent[0], leave=left.set, interval_s=0.01)
    time.sleep(0.05)
    assert not left.is_set()
    parent[0] = 1
    thread.join(2)
    assert left.is_set()


FAMILY = """
import os, subprocess, sys, time
child = "import os, time; from shared.workers import end_with_parent; "
child += f"end_with_parent({os.getpid()}); print(os.getpid(), flush=True); time.sleep(60)"
worker = subprocess.Popen([sys.executable, "-c", child])
worker.wait()
"""


@pytest.mark.process
def test_a_killed_parents_worker_is_gone_within_seconds() -> None:
    parent = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(worker)
    parent.stdout.close()


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
