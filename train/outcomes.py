"""What became of the last steps: whether they were finite, asked so late that nothing waits.

To know whether a step was finite means to wait for the device. On a GPU the question about one
step is therefore asked when the next one is under way, and about all of them where the run waits
anyway: before a report, a sheet, a checkpoint and its end. On the CPU it is asked at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from train.step import StepReport


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a step.

    Attributes:
        step: Its number, from 1.
        images: Images that it trained on.
        finite: Whether losses and gradients were finite, on every process.
        report: The losses.
    """

    step: int
    images: int
    finite: bool
    report: StepReport


class Outcomes:
    """The steps about which nobody has asked yet.

    Args:
        device: Where the steps are computed.
    """

    def __init__(self, device: torch.device) -> None:
        self._late = 0 if device.type == "cpu" else 1
        self._waiting: deque[tuple[int, int, StepReport]] = deque()

    def put(self, *, step: int, images: int, report: StepReport) -> None:
        """Note a step that was just sent to the device."""
        self._waiting.append((step, images, report))

    def settled(self, *, everything: bool) -> Iterator[Outcome]:
        """Yield outcomes, oldest first.

        Args:
            everything: Wait for the last step too.
        """
        while len(self._waiting) > (0 if everything else self._late):
            step, images, report = self._waiting.popleft()
            finite = bool(report.finite)
            yield Outcome(step=step, images=images, finite=finite, report=report)

    def forget(self) -> None:
        """Drop the steps that nobody has asked about: the run went back behind them."""
        self._waiting.clear()
