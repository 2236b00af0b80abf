"""Where scores come from: files with their hashes, protocols, versions, settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shared.input_file import InputFile
from shared.provenance import versions
from shared.settings import as_plain
from train.scoring.pairing import Pair, Pairing
from train.scoring.plan import Plan
from train.scoring.reading import Survey, digest_of
from train.scoring.rows import ROW_TEXTS
from train.scoring.settings import EvalSettings

LIBRARIES: Final = ("torch", "torchvision", "torchmetrics", "torch-fidelity", "numpy", "pillow")


def origin_of(
    settings: EvalSettings, plan: Plan, pairing: Pairing, pairs: Sequence[Pair], found: Survey
) -> dict[str, Any]:
    """Return the entries of ``metrics.json`` that say what was scored and by what.

    Args:
        settings: The settings of the run.
        plan: Scores given and left out.
        pairing: For the files without a partner.
        pairs: The pairs that were scored.
        found: Size and hashes.

    Returns:
        Plain values by key.
    """
    return {
        "pairs": len(pairs),
        "image_size": list(found.size),
        "unpaired": {side: list(names) for side, names in pairing.unpaired.items()},
        "protocols": {
            **{score.key: score.text for score in plan.scores},
            **{row: ROW_TEXTS[row] for row in pairs[0].rows},
        },
        "skipped": plan.skipped,
        "settings": {k: v for k, v in as_plain(settings).items() if k != "out"},
        "versions": versions(*LIBRARIES),
    }


def files_of(
    pairs: Sequence[Pair],
    reference: Sequence[Path],
    found: Survey,
    weights: Mapping[str, tuple[str, str]],
    read: Mapping[str, InputFile],
) -> dict[str, Any]:
    """Return number and SHA-256 of the files that were read.

    Args:
        pairs: The pairs that were scored.
        reference: FID's own set of real images; empty where there is none, or it was not read.
        found: The pictures' hashes.
        weights: Name and SHA-256 of files of weights as they were loaded, by what they are.
        read: Further single files, by what they are.

    Returns:
        ``{"generated": {"count", "sha256"}, …, "keypoints": {"name", "sha256"}, …}``. The hash of
        many files is that of what ``sha256sum`` prints of them in the order of their names.
    """
    groups: dict[str, Iterable[Path]] = {
        "generated": (pair.generated.path for pair in pairs),
        "real": (pair.real.path for pair in pairs),
        "source": (pair.original.path for pair in pairs if pair.original),
        "fid_real": (path for path in reference if path in found.hashes),
        **{row: [pair.rows[row].path for pair in pairs] for row in pairs[0].rows},
    }
    files: dict[str, Any] = {}
    for name, paths in groups.items():
        unique = sorted(set(paths))
        if unique:
            files[name] = {"count": len(unique), "sha256": digest_of(unique, found.hashes)}
    for name, file in read.items():
        files[name] = {"name": file.path.name, "sha256": file.sha256}
    for name, (file_name, sha256) in weights.items():
        files[name] = {"name": file_name, "sha256": sha256}
    return files
