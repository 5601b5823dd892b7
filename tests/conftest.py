"""Shared by all tests: one cache of prepared data for the whole run, away from the user's own."""

import os
from collections.abc import Iterator

import pytest
import torch

torch.set_num_threads(1)  # as in a trial; the test processes themselves share the cores
#: Ray lets trials give way to all else; beside other tests they would hardly run.
os.environ.setdefault("RAY_worker_niceness", "0")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point ``$SOUNDSWEEP_CACHE`` at a temporary folder that the whole run shares."""
    before = os.environ.get("SOUNDSWEEP_CACHE")
    os.environ["SOUNDSWEEP_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["SOUNDSWEEP_CACHE"]
    else:
        os.environ["SOUNDSWEEP_CACHE"] = before
