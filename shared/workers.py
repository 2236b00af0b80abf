"""Worker processes that end with the process that started them.

A parent that is killed cannot tell its workers. Each of them looks for itself: the system hands
an orphan to another parent, so a worker whose parent's number changes leaves at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

INTERVAL_S = 0.2
"""How often a worker looks for its parent."""


def end_with_parent(
    parent: int,
    *,
    parent_of_this: Callable[[], int] = os.getppid,
    leave: Callable[[], None] = lambda: os._exit(0),
    interval_s: float = INTERVAL_S,
) -> threading.Thread:
    """End this process as soon as it is no longer a child of its parent.

    It is the initializer of a pool's workers. The thread that looks is a daemon: it keeps nobody.

    Args:
        parent: Process number of the parent, taken in the parent.
        parent_of_this: Returns the number of this process's parent now.
        leave: Ends this process without any further work.
        interval_s: Seconds between two looks.

    Returns:
        The thread.
    """

    def look() -> None:
        while parent_of_this() == parent:
            time.sleep(interval_s)
        leave()

    thread = threading.Thread(target=look, name="end-with-parent", daemon=True)
    thread.start()
    return thread
