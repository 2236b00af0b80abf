"""What a Fréchet distance was taken to: reference set, its size and form, and the floor.

Convention:
    The floor is the distance of the real test images to the same reference: nothing that draws as
    well as the camera can be expected below it. Where the reference is the real test images
    themselves it is 0 and says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from train.metrics.protocols import Score
from train.scoring.gallery import file_form
from train.scoring.pairing import Pair
from train.scoring.settings import EvalSettings


def references(
    settings: EvalSettings,
    reference: Sequence[Path],
    scores: Sequence[Score],
    pairs: Sequence[Pair],
    real: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the entries of ``metrics.json`` for the Fréchet distances that were given.

    Args:
        settings: For the name of the reference.
        reference: Its pictures.
        scores: Scores that were given.
        pairs: The pairs.
        real: Entries of the control ``real``: metric to protocol to entry.
    """
    if settings.fid_real is not None:
        name = settings.fid_real.resolve().name
        form = file_form(reference)
    else:
        name, form = "the real images of the pairs", file_form([p.real.path for p in pairs])
    return {
        score.key: {
            "set": name,
            "num_images": entry["reference"],
            "form": form,
            "generated_form": file_form([pair.generated.path for pair in pairs]),
            "floor": entry["value"],
        }
        for score in scores
        if (entry := real.get(score.metric, {}).get(score.protocol)) and "reference" in entry
    }


def reference_lines(report: Mapping[str, Any]) -> list[str]:
    """Return one line for people on each Fréchet distance of a report."""
    return [
        f"{key}: to {found['num_images']:,} images of {found['set']} ({found['form']}; generated: "
        f"{found['generated_form']}), floor (real test images to the same) {found['floor']:.3f}"
        for key, found in report.get("references", {}).items()
    ]
