"""The command ``check-reid``: a thin skin over :func:`data_manifest.reid.check.check_reid`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import ReidCheckSettings
from shared.options import command
from shared.settings import build_given

EXAMPLES = (
    "check-reid Market-1501",
    "check-reid augmented --layout market --json seen.json",
)


@command(ReidCheckSettings, examples=EXAMPLES)
def check_reid(**options: Any) -> None:
    """Print what re-identification tools would see in FOLDER, each by its own rules.

    Images, identities and cameras that torchreid, fast-reid, CLIP-ReID and layumi's baseline
    count, names that they refuse or misread, and queries that no evaluation can score. Exit codes:
    0 every tool reads the folder as it is meant, 1 one breaks or goes on without a word, 2 wrong
    use or no such layout.
    """
    from data_manifest.reid.check import check_reid as check  # noqa: PLC0415 - it needs numpy
    from shared.console import Console  # noqa: PLC0415 - --help needs no rich

    check(build_given(ReidCheckSettings, options), Console())
