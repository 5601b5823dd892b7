import os
import signal
import time

import pytest

from datasets.contract import DataFormatError
from tune import hardware
from tune.measurement import ENOUGH_S, EPOCHS, Subject, _time, in_process, side_by_side

CONFIG = {"data/size": "tiny", "model/network": "mlp", "model/fc_hidden": 32, "loss/kind": "db"}


def test_few_short_epochs_are_enough() -> None:
    starts_s: list[float] = []

    def epoch() -> None:
        starts_s.append(time.perf_counter())
        time.sleep(0.01)

    epoch_s, busy_cores = _time(epoch)
    assert len(starts_s) == 1 + EPOCHS  # the first one warms up
    assert epoch_s >= 0.01
    assert busy_cores < 0.9  # it slept


def test_no_epoch_begins_after_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths_s = [0.6, 0.7, 0.8, 0.9]  # in units of what is enough
    edges_s = [0.0, 0.6, 1.0, 1.7, 2.0, 2.8, 3.0, 3.9]
    clock = iter(edges_s)
    monkeypatch.setattr(time, "perf_counter", lambda: ENOUGH_S * next(clock))
    assert _time(lambda: None)[0] == pytest.approx(ENOUGH_S * sum(lengths_s[1:3]) / 2)


def test_one_long_epoch_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.5])
    monkeypatch.setattr(time, "perf_counter", lambda: ENOUGH_S * next(clock))
    assert _time(lambda: None)[0] == 1.5 * ENOUGH_S


def test_function_runs_in_a_process_of_its_own() -> None:
    assert in_process(os.getpid) != os.getpid()


def test_process_does_not_inherit_the_peak_memory_of_its_parent() -> None:
    held = b"x" * 2**29
    assert in_process(hardware.peak_memory_bytes) < len(held) < hardware.peak_memory_bytes()


@pytest.mark.slow
def test_two_trainings_side_by_side_are_measured_each() -> None:
    found = side_by_side(Subject("edc", None, CONFIG, epochs=9), count=2, threads=1)
    assert len(found) == 2
    for each in found:
        assert 0 < each.epoch_s < 60
        assert 0 < each.busy_cores < 1.5  # one thread
        assert each.memory_bytes > 100 * 2**20  # torch alone takes that
        assert each.gpu_bytes == 0


@pytest.mark.slow
def test_what_is_wrong_with_the_data_reaches_the_caller() -> None:
    subject = Subject("edc", None, CONFIG | {"data/split": "nowhere"}, epochs=9)
    with pytest.raises((DataFormatError, ValueError), match="nowhere"):
        side_by_side(subject, count=1, threads=1)


def _killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_process_that_the_system_kills_is_told_as_too_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tune.measurement._measure", _killed)
    with pytest.raises(MemoryError, match="2 trainings side by side: one of them died"):
        side_by_side(Subject("edc", None, CONFIG, epochs=9), count=2, threads=1)
