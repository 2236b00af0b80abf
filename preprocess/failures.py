"""An error that a worker met, in the form in which it travels to the process that tells it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from shared.errors import PoseGanError, from_machine


@dataclass(frozen=True)
class Failed:
    """What ended the work of a worker.

    Args:
        kind: Class of an error of ours; None for any other.
        text: The error's line; of any other the traceback.
    """

    kind: type[PoseGanError] | None
    text: str

    @classmethod
    def of(cls, error: Exception) -> Failed:
        """Note an error where it was met; what that machine refused becomes an error of ours."""
        known = error if isinstance(error, PoseGanError) else from_machine(error)
        if known is None:
            return cls(None, "".join(traceback.format_exception(error)))
        return cls(type(known), known.message)

    def error(self, worker: str) -> Exception:
        """Return the error, to be raised where it is told.

        Args:
            worker: Who met it, for an error that nobody expected.
        """
        if self.kind is not None:
            return self.kind(self.text)
        return RuntimeError(f"{worker} failed:\n{self.text}")
