"""Where the processes of a run find each other, and where they agree on how it ended.

Convention:
    torchrun holds a store of small texts. The processes meet there before torch.distributed starts,
    which then waits for nobody. A process that meets an error tells it there; the others notice
    that a peer is gone, look the reason up, and all end with the exit code of whoever told first.
    One of them says the error: the first process, or where that is gone another one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from shared.errors import (
    EXIT_OUR_FAULT,
    PoseGanError,
    StoppedError,
    UsageError,
    from_machine,
    problem,
)
from shared.stopping import StopRequest
from train.device import find_device
from train.launch import Launch
from train.ranks import Ranks, answered
from train.settings.run import RunSettings
from train.world import LostError

GRACE_S = 5.0
"""So long a process waits to hear why another one is gone, and then for the first to say it."""

STORE_S = 60.0
"""So long the store itself may take to be reached and to answer."""

LOOK_S = 0.05
_END, _TOLD = "end", "told"


class Meeting:
    """The store of a run's processes, as one of them sees it.

    Args:
        store: Small texts by key, the same for all.
        launch: Which of them this one is.
    """

    def __init__(self, store: Any, launch: Launch) -> None:
        self._store = store
        self._launch = launch

    @contextmanager
    def world(self, run: RunSettings, stop: StopRequest) -> Iterator[Ranks]:
        """Wait until all are here; then be a world of several processes while the block runs.

        Args:
            run: On which kind of device they compute, and how patient they are.
            stop: Looked at while this one waits.

        Raises:
            UsageError: There is no GPU for this process.
            LostError: Another one ended, or did not come.
            StoppedError: A signal came while it waited.
        """
        device = _device_of(self._launch, run)
        self._wait_for_all(run.patience_s, stop)
        with answered():
            dist.init_process_group(
                "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
                store=PrefixStore("group", self._store),
                rank=self._launch.rank,
                world_size=self._launch.size,
                timeout=timedelta(seconds=run.patience_s),
            )
        try:
            yield Ranks(self._launch, device)
        finally:
            dist.destroy_process_group()

    def agreed(self, error: PoseGanError) -> PoseGanError:
        """Tell the others of an error, or hear of the one that they told first.

        Returns:
            The error that this process ends with; it is marked where another one says it.

        Raises:
            RuntimeError: Another process met a fault of ours.
        """
        is_lost = isinstance(error, LostError)
        try:
            rank, code, message = self.tell(error.exit_code, error.message, heard=is_lost)
            is_told = not self._is_speaker()
        except dist.DistError:  # the store is gone too: each ends by itself
            return error
        if rank != self._launch.rank and (is_lost or code != error.exit_code):
            if code == EXIT_OUR_FAULT:
                raise RuntimeError(f"process {rank} met a fault of posegan") from error
            error = _error_of(code)(f"process {rank}: {message}")
        error.is_told = is_told
        return error

    def tell(self, code: int, message: str, *, heard: bool = False) -> tuple[int, int, str]:
        """Tell how this process ends, unless another one told before.

        Args:
            code: Its exit code.
            message: The line of its error.
            heard: Whether another one must have met the error, and is waited for.

        Returns:
            Rank, exit code and message of whoever told first.
        """
        if heard:
            self._comes([_END], GRACE_S)
        text = json.dumps([self._launch.rank, code, message])
        rank, code, message = json.loads(self._store.compare_set(_END, "", text))
        return int(rank), int(code), str(message)

    def _is_speaker(self) -> bool:
        """Whether this process says the error: the first does, and one says it where it is gone."""
        if not self._launch.is_first:
            self._comes([_TOLD], GRACE_S)
        own = str(self._launch.rank)
        return bool(self._store.compare_set(_TOLD, "", own).decode() == own)

    def _wait_for_all(self, patience_s: float, stop: StopRequest) -> None:
        """Wait in a way that a signal ends, as torch.distributed's own does not."""
        size = self._launch.size
        with answered():
            self._store.set(_here(self._launch.rank), "")

            def look() -> None:
                stop.leave_if_asked()
                if self._store.check([_END]):
                    raise LostError("another process of the run ended before training began")

            if self._comes([_here(rank) for rank in range(size)], patience_s, look):
                return
        found = f"fewer after {patience_s:g} s"
        raise LostError(
            problem("the run's processes", f"all {size} of them", found, "repeat the same command")
        )

    def _comes(
        self, keys: list[str], patience_s: float, look: Callable[[], None] = lambda: None
    ) -> bool:
        """Wait until all keys are in the store; False where they do not come in time."""
        deadline = time.monotonic() + patience_s
        while not self._store.check(keys):
            look()
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True


@contextmanager
def met(launch: Launch, open_store: Callable[[Launch], Any] | None = None) -> Iterator[Meeting]:
    """Meet the other processes of a run; what ends one of them in the block ends all alike.

    Args:
        launch: How this process was started.
        open_store: Opens the store; by default the one that the environment names.

    Raises:
        PoseGanError: What this process or another one met; said by one of them.
    """
    meeting = Meeting((open_store or _open_store)(launch), launch)
    try:
        yield meeting
    except Exception as error:
        known = error if isinstance(error, PoseGanError) else from_machine(error)
        if known is None:
            with suppress(dist.DistError):
                meeting.tell(EXIT_OUR_FAULT, "")
            raise
        raise meeting.agreed(known) from error


def _open_store(launch: Launch) -> Any:
    try:
        patience = timedelta(seconds=STORE_S)
        found = rendezvous("env://", launch.rank, launch.size, timeout=patience)
        return next(iter(found))[0]
    except (RuntimeError, ValueError) as error:
        remedy = "start all processes by torchrun --no-python"
        reason = " ".join(str(error).split())[:200]
        raise UsageError(
            problem("MASTER_ADDR, MASTER_PORT", "the store of torchrun", reason, remedy)
        ) from error


def _device_of(launch: Launch, run: RunSettings) -> torch.device:
    """Choose this process's own device: on CUDA the GPU of its number on this machine."""
    kind = find_device(run.device)
    if kind.type == "cpu":
        return kind
    count = torch.cuda.device_count()
    if launch.local_rank >= count:
        expected, found = f"at most {count}, a GPU for each", launch.local_size
        remedy = "start fewer processes, or give --device cpu"
        raise UsageError(problem("--nproc-per-node", expected, found, remedy))
    torch.cuda.set_device(launch.local_rank)
    return torch.device("cuda", launch.local_rank)


def _here(rank: int) -> str:
    return f"here/{rank}"


def _error_of(code: int) -> type[PoseGanError]:
    owners = {each.exit_code: each for each in PoseGanError.__subclasses__()}
    return owners.get(code, StoppedError)
