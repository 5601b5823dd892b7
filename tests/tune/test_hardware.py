from pathlib import Path

import pytest

from tune import hardware
from tune.hardware import Card, freest


def test_card_with_most_free_memory_decides_not_the_last_listed() -> None:
    busy, free = Card(0, "a", 80, 10), Card(1, "b", 80, 60)
    assert freest([busy, free]) == freest([free, busy]) == free
    assert freest([]) is None


def test_machine_has_cores_and_memory() -> None:
    machine = hardware.inspect()
    assert machine.cores >= 1
    assert machine.memory_bytes > 2**20


def test_peak_memory_grows_with_what_the_process_holds() -> None:
    before = hardware.peak_memory_bytes()
    held = b"x" * (before + 2**26)  # written to; zeros would take no memory
    assert hardware.peak_memory_bytes() > len(held)


def test_field_is_read_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmHWM:\t   15948 kB\n")
    assert hardware.field_bytes(tmp_path / "status", "VmHWM") == 15948 * 1024
    with pytest.raises(LookupError, match="must have a line VmRSS"):
        hardware.field_bytes(tmp_path / "status", "VmRSS")
