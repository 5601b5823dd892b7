"""A few kills of every kind; ``python -m tests.faults.storm`` is the whole storm."""

from pathlib import Path

import pytest

from tests.faults import storm

pytestmark = [pytest.mark.ray, pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_nothing_recorded_is_changed_or_lost_in_a_storm_of_kills(tmp_path: Path) -> None:
    done = storm.storm(tmp_path, kills=12, seed=1)
    assert sum(done["kills"].values()) == 12  # type: ignore[attr-defined]
