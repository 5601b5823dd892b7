import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import curves
from benchmarks.curves import Recording
from tune.errors import TrialFailure
from tune.training import Training
from tune.workloads import Space


def recording(path: Path, epochs: int = 3) -> Recording:
    return Recording("costless", epochs, 2, {}, path)


def test_configuration_of_a_number_is_always_the_same(costless: Space) -> None:
    assert curves.drawn(costless, 3) == curves.drawn(costless, 3) != curves.drawn(costless, 4)


def test_curve_runs_to_the_last_epoch(tmp_path: Path, costless: Space) -> None:
    curve = curves.learn(recording(tmp_path), curves.drawn(costless, 0), 0)
    assert len(curve.values) == len(curve.seconds) == 3
    assert curve.failed is None


def test_failed_training_keeps_the_seconds_of_its_last_epoch(
    tmp_path: Path, costless: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = Training.epoch

    def fails(training: Training) -> dict[str, float]:
        if len(training.history) == 2:
            raise TrialFailure("diverged")
        return epoch(training)

    monkeypatch.setattr(Training, "epoch", fails)
    curve = curves.learn(recording(tmp_path), curves.drawn(costless, 0), 0)
    assert (len(curve.values), len(curve.seconds), curve.failed) == (2, 3, "diverged")


def test_table_is_read_back_as_packed_even_if_unfinished(tmp_path: Path, costless: Space) -> None:
    some = recording(tmp_path)
    curve = curves.learn(some, curves.drawn(costless, 1), 1)
    some.place(1).write_text(json.dumps(vars(curve)))
    curves.pack(some, tmp_path / "table.json.xz")
    assert curves.read(tmp_path / "table.json.xz") == [curve]


def test_recorded_configurations_are_not_trained_again(tmp_path: Path, costless: Space) -> None:
    done = replace(recording(tmp_path), configurations=1)
    done.place(0).write_text("{}")
    curves.record(done, 1)
    assert done.place(0).read_text() == "{}"


def test_missing_table_names_the_command_that_records_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--record"):
        curves.read(tmp_path / "edc.json.xz")
