"""Shared by all tests: one cache of prepared data for the whole run, away from the user's own."""

import os
from collections.abc import Iterator

import pytest


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
