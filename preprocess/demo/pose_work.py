"""The folder in which the demo pose network is made: what lies there, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from preprocess.demo.pose_recipe import Recipe, crops_file
from shared.errors import UsageError, problem
from shared.owned_folder import OwnedFolder, owned_folder
from shared.settings import fingerprint

COMMAND: Final = "preprocess.demo.pose_training"

RUN_FILES: Final = ("args.yaml", "results.csv", "weights/last.pt", "weights/best.pt", "done")
"""What ultralytics writes into the folder of a phase, and the mark of its end."""


def require_usable(share: float, hours: float | None, workers: int) -> None:
    """Refuse numbers that mean nothing.

    Raises:
        UsageError: One is not above 0, or too large.
    """
    limits = {
        "--share": (share, 1),
        "--hours": (1 if hours is None else hours, 10_000),
        "--workers": (workers, 1_024),
    }
    for name, (value, most) in limits.items():
        if not 0 < value <= most:
            expected, remedy = f"a number above 0 and up to {most:,}", "choose one in that range"
            raise UsageError(problem(name, expected, value, remedy))


def phase_folder(recipe: Recipe, number: int) -> str:
    """Name the folder of a phase, counted from 1, after all that was learned until its end."""
    return f"{recipe.phases[number - 1].name}-{fingerprint(recipe.phases[:number])}"


@contextmanager
def owned_work(work: Path, recipe: Recipe, weights: Path) -> Iterator[OwnedFolder]:
    """Claim the folder of crops and checkpoints, and all that will be made in it.

    Args:
        work: The folder.
        recipe: What will be done.
        weights: The file that will be measured; its figures go into the folder.

    Raises:
        UsageError: The folder, or a file in the way, is somebody else's.
        LockedError: Another process works in it.
    """
    orders = [*(phase.order for phase in recipe.phases), recipe.check_order, recipe.proof_order]
    runs = [phase_folder(recipe, number) for number in range(1, len(recipe.phases) + 1)]
    names = [crops_file(order) for order in orders]
    names += [f"{run}/{name}" for run in runs for name in RUN_FILES]
    figures = f"{weights.stem}.json"

    def made_by_older(folder: Path) -> list[str] | None:
        found = [name for name in names if (folder / name).is_file()]
        return [*found, figures] if found else None

    with owned_folder(work, COMMAND, recognise=made_by_older) as owned:
        owned.intend([*names, figures])
        for run in runs:
            owned.folder(f"{run}/weights")
        owned.remove_temporaries()
        yield owned
