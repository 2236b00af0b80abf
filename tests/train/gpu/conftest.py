"""The device of the gpu tests, and a state of torch that no test leaves to the next one.

``POSEGAN_GPU_TESTS=cpu`` lets them run on a CPU: what they claim holds there too, so their own
errors are found on any machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from drawn_shards import publish_shards

# cuBLAS looks at it when it is first used, whichever test that is.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@pytest.fixture(scope="session")
def device() -> torch.device:
    name = os.environ.get("POSEGAN_GPU_TESTS", "cuda")
    if name == "cuda" and not torch.cuda.is_available():
        pytest.skip("allowed: needs a CUDA device")
    return torch.device(name)


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    benchmark = torch.backends.cudnn.benchmark
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = benchmark


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards") / "made", size=(64, 48))
