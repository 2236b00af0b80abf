"""The command ``posegan-studio``: a thin skin over :func:`train.studio.server.serve`."""

from __future__ import annotations

import importlib.util
from typing import Any, Final

from data_manifest.settings import CacheSettings
from shared.errors import UsageError, problem
from shared.options import command
from shared.settings import build_given
from train.studio.settings import StudioSettings

EXAMPLES = (
    "posegan-studio --model demo",
    "posegan-studio --model runs/demo --shards shards/ --port 8765",
)

NEEDED: Final = ("starlette", "uvicorn")
"""What the extra ``web`` installs."""


@command(StudioSettings, CacheSettings, examples=EXAMPLES)
def posegan_studio(**options: Any) -> None:
    """Show a page on this machine on which a generator draws people live.

    Drop a photo, drag the joints of the wanted pose, and see the person follow. The page is for
    this machine alone and needs no network; nothing is written but what you save. Ctrl-C ends it
    with exit code 0. Needs the extra web: pip install 'posegan[web]'.
    """
    settings = build_given(StudioSettings, options)

    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        expected, remedy = f"the libraries {' and '.join(NEEDED)}", "pip install 'posegan[web]'"
        raise UsageError(problem("posegan-studio", expected, "one missing", remedy))

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.studio import server  # noqa: PLC0415 - it imports torch and the web server

    cache = build_given(CacheSettings, options)
    server.serve(settings, Console(quiet=settings.quiet), cache)
