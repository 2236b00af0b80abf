"""Ranks of a run that are processes, without torchrun's agent: the test stands in for it.

They are forked from one server that has imported the training already, so each starts at once. The
test holds the store that torchrun would hold; what a rank is to suffer is a hook by name.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["train.loop", "train.meeting", "train.commands.train_gan"])
END_S = 600.0
MAX_FILE_BYTES = 30_000
"""More than a log or a sheet of a small run, less than its checkpoint."""


def without_dropout(_rank: int, _folder: Path) -> None:
    nn.Dropout.forward = lambda _self, features: features  # type: ignore[method-assign]


def without_pictures(_rank: int, _folder: Path) -> None:
    """Score nothing and draw nothing: that takes longer than the few steps of a test."""
    from PIL import Image

    from train.watch.recorder import Recorder
    from train.watch.validation import GENERATED, Validation

    Validation.scores = lambda *_: {"ssim": {GENERATED: 0.5}}  # type: ignore[method-assign]
    Validation.sheet = lambda *_: Image.new("RGB", (8, 16))  # type: ignore[method-assign]
    Recorder.draw_curves = lambda _: None  # type: ignore[method-assign]


def in_float64(_rank: int, _folder: Path) -> None:
    """Train in double precision, so that another order of adding leaves no trace."""
    import dataclasses

    import train.set_up
    import train.trainer

    single, plain = train.set_up.TrainState, train.trainer.make_batch

    def double_state(*given: Any) -> Any:
        state = single(*given)
        for network in (state.generator, state.discriminator, state.average):
            network.double()
        return state

    def double_batch(*given: Any, **named: Any) -> Any:
        batch = plain(*given, **named)
        wide = {k: v.double() for k, v in vars(batch).items() if v.is_floating_point()}
        return dataclasses.replace(batch, **wide)

    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    train.set_up.TrainState = double_state  # type: ignore[misc]
    train.trainer.make_batch = double_batch


def notes_what_it_sees(rank: int, folder: Path) -> None:
    """Write the pairs of every batch, and what was learned in the end."""
    import train.trainer
    from train.agreement import fingerprint_of
    from train.data.order import Share

    picks, finish = Share.picks, train.trainer.Training.finish
    seen: dict[int, list[int]] = {}

    def noted(self: Any, number: int) -> Any:
        found = picks(self, number)
        seen[number] = [pair for each in found for pair in each.pairs.tolist()]
        return found

    def noted_finish(self: Any) -> Any:
        note = {"seen": seen, "learned": fingerprint_of(self.state), "images": self.state.images}
        (folder / f"note-{rank}.json").write_text(json.dumps(note))
        return finish(self)

    Share.picks = noted  # type: ignore[method-assign]
    train.trainer.Training.finish = noted_finish  # type: ignore[method-assign]


def has_an_infinite_loss(_rank: int, _folder: Path) -> None:
    from train.losses.objective import Objective

    plain = Objective.generator

    def generator(self: Any, *given: Any) -> Any:
        terms = plain(self, *given)
        terms["l1"] = terms["l1"] + float("inf")
        return terms

    Objective.generator = generator  # type: ignore[method-assign]


def has_a_full_disk(_rank: int, _folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, resource.RLIM_INFINITY))


def has_a_damaged_disk(_rank: int, _folder: Path) -> None:
    """Its samples are damaged from the third batch on."""
    import train.trainer
    from shared.errors import DamagedError

    plain, drawn = train.trainer.make_batch, []

    def make_batch(*given: Any, **named: Any) -> Any:
        drawn.append(1)
        if len(drawn) > 2:
            raise DamagedError("train-00000.h5: expected a shard, found holes; make it anew")
        return plain(*given, **named)

    train.trainer.make_batch = make_batch


def has_weights_of_its_own(_rank: int, _folder: Path) -> None:
    """One of its weights parts from the others', as last bits do on another processor."""
    import train.trainer

    plain, done = train.trainer.train_step, []

    def step(state: Any, *given: Any) -> Any:
        report = plain(state, *given)
        if not done:
            done.append(next(state.generator.parameters()).data.add_(1e-6))
        return report

    train.trainer.train_step = step


def has_a_clock_of_hours(_rank: int, _folder: Path) -> None:
    """Every look at the clock is a minute later."""
    import train.trainer

    plain, looks = train.trainer.Training.__init__, [0]

    def clock() -> float:
        looks[0] += 1
        return 60.0 * looks[0]

    def init(self: Any, settings: Any, standing: Any, parts: Any) -> None:
        import dataclasses

        plain(self, settings, standing, dataclasses.replace(parts, clock=clock))

    train.trainer.Training.__init__ = init  # type: ignore[method-assign]


Hook = Callable[[int, Path], None]


def _be_rank(
    environment: Mapping[str, str], arguments: Sequence[str], folder: Path, hooks: Sequence[Hook]
) -> None:
    rank = int(environment["RANK"])
    said = os.open(folder / f"said-{rank}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    torch.set_num_threads(1)
    os.environ.update(environment)
    for hook in hooks:
        hook(rank, folder)
    from train.commands.train_gan import train_gan

    sys.argv = ["train-gan"]
    train_gan(list(arguments), prog_name="train-gan")


@dataclass
class Started:
    """Ranks under way.

    Args:
        processes: In the order of ranks.
        folder: Where they write what they say.
        store: Held as long as they run.
    """

    processes: list[Any]
    folder: Path
    store: Any

    def ended(self) -> list[int]:
        """Exit codes in the order of ranks; a rank that hangs fails the test."""
        deadline = time.monotonic() + END_S
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        hanging = [process for process in self.processes if process.is_alive()]
        for process in hanging:
            process.kill()
        assert not hanging, f"still running: {hanging}\n{self.said(0)}\n{self.said(1)}"
        return [process.exitcode for process in self.processes]

    def said(self, rank: int) -> str:
        path = self.folder / f"said-{rank}.txt"
        return path.read_text() if path.exists() else ""

    def note(self, rank: int) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.folder / f"note-{rank}.json").read_text())
        return note

    def send(self, rank: int, number: signal.Signals) -> None:
        os.kill(self.processes[rank].pid, number)


def start_ranks(
    arguments: Sequence[object],
    folder: Path,
    *hooks: Hook,
    size: int = 2,
    alone: Mapping[int, Sequence[Hook]] | None = None,
    only: Sequence[int] | None = None,
) -> Started:
    """Start train-gan on several ranks.

    Args:
        arguments: Of the command.
        folder: Where they write what they say and note.
        hooks: What every rank suffers.
        size: How many ranks.
        alone: What single ranks suffer besides.
        only: Ranks that are really started; all by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = dist.TCPStore("127.0.0.1", 0, None, True, wait_for_workers=False)
    environment = {
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    words, processes = list(map(str, arguments)), []
    for rank in only or range(size):
        own = {**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        suffered = (*hooks, *(alone or {}).get(rank, ()))
        process = CONTEXT.Process(target=_be_rank, args=(own, words, folder, suffered))
        process.start()
        processes.append(process)
    return Started(processes, folder, store)
