"""The command ``share-generator``: a thin skin over :func:`train.share.make.share_generator`."""

from __future__ import annotations

from typing import Any

from shared.options import command
from shared.settings import build_given
from train.share.settings import ShareSettings

EXAMPLES = (
    "share-generator push --export my-generator --repo me/my-generator",
    "share-generator pull --repo me/my-generator --out fetched",
)


@command(ShareSettings, examples=EXAMPLES)
def share_generator(**options: Any) -> None:
    """Hand an exported generator to a model hub, or fetch one from there.

    push sends the files that export-generator made, the card among them, and no others; a
    repository that has to be made is private unless you say --public. pull fetches weights,
    configuration and card, checks them by their hashes and runs nothing of them. The token is
    that of "hf auth login"; HF_ENDPOINT names another hub. Needs the extra hub:
    pip install 'posegan[hub]'.
    """
    settings = build_given(ShareSettings, options)
    settings.check_names()
    settings.folder  # noqa: B018 - so that a folder that is missing is told first

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.share import make  # noqa: PLC0415 - it imports torch

    make.share_generator(settings, Console(quiet=settings.quiet))
