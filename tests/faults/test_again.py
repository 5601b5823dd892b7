"""The same seed, data and order of events give the same sweep.

Across a kill and a resume: ``tests/tune/test_kill.py``, with real processes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets.contract import Data
from tests.faults.driver import opened, process, told, train, until_done
from tune import checkpoints
from tune.study import read_trials
from tune.workloads import Space, Workload

pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[None]:
    """Let the trial find the toy workload by name."""
    monkeypatch.setattr("tune.trainable.workloads.get", lambda _name: workload)
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: [data])
    yield
    torch.set_flush_denormal(False)


def everything(path: Path) -> list[tuple[object, ...]]:
    return [told(trial) for trial in read_trials(path / "study.journal")]


def test_same_seed_gives_the_same_proposals_values_and_best(tmp_path: Path, space: Space) -> None:
    best = []
    for name in ("first", "second"):
        sweep = opened(tmp_path / name, space, trials=13)
        train(sweep)
        torch.manual_seed(99)  # whatever else the process drew in between
        best.append(sweep.best()[0].number)
    assert everything(tmp_path / "first") == everything(tmp_path / "second")
    assert best[0] == best[1]
    weights = [
        checkpoints.load(tmp_path / name / "trials" / f"{best[0]:05d}" / "best.pt")["model"]
        for name in ("first", "second")
    ]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_sweep_that_was_cut_short_in_a_trial_ends_alike(
    tmp_path: Path, space: Space, epochs: int
) -> None:
    train(opened(tmp_path / "whole", space))
    sweep = opened(tmp_path / "cut", space)
    first: Any = sweep.next_trial()
    for result in until_done(process(first)):
        sweep.record_epoch(0, result["row"])
    sweep.end_trial(0, "complete", "reached its last epoch")
    second: Any = sweep.next_trial()
    running = process(second)
    for _ in range(epochs):
        sweep.record_epoch(1, running.step()["row"])
    train(opened(tmp_path / "cut", space))
    assert everything(tmp_path / "cut") == everything(tmp_path / "whole")


@pytest.mark.parametrize("damage", [None, b"", b"epoch,value\nx,1\n", b"\xff\xfe", b"epoch\n2\n"])
def test_rows_of_a_trial_that_are_lost_come_again(
    tmp_path: Path, space: Space, damage: bytes | None
) -> None:
    train(opened(tmp_path / "whole", space, trials=1))
    sweep = opened(tmp_path / "lost", space, trials=1)
    running = process(sweep.next_trial() or {})
    for _ in range(3):
        sweep.record_epoch(0, running.step()["row"])
    rows = tmp_path / "lost" / "trials" / "00000" / "metrics.csv"
    if damage is None:
        rows.unlink()
    else:
        rows.write_bytes(damage)
    train(opened(tmp_path / "lost", space, trials=1))
    ends = [read_trials(tmp_path / name / "study.journal")[0] for name in ("whole", "lost")]
    summaries = [trial.user_attrs["end"]["summary"] for trial in ends]
    for summary in summaries:
        del summary["seconds"]
    assert summaries[0] == summaries[1]
    assert rows.read_text().count("\n") == 5
