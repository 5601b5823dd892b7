"""Trials that go wrong, one by one; ``tests/tune/test_training.py`` has the losses and metrics."""

import dataclasses
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from torch import Tensor, nn

from datasets.contract import Batch, Data, DataFormatError
from tests.faults.driver import opened, process, train, until_done
from tune import limits, workloads
from tune.asha import RecordedASHA
from tune.ends import outcome
from tune.errors import TrialFailure
from tune.limits import time_limit
from tune.searcher import Keeper, StudySearcher, larger
from tune.sweep import FAILURES_ALIKE
from tune.workloads import Space, Workload

ROOT = Path(__file__).parents[2]
BATCHES = 5  # an epoch of the toy data
pytestmark = pytest.mark.fault
Patch = Callable[..., None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[Patch]:
    """Let the trials find a toy workload of which something is replaced."""
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: [data])

    def replace(**parts: Any) -> None:
        whole = dataclasses.replace(workload, **parts)
        monkeypatch.setattr(workloads, "get", lambda _name: whole)

    replace()
    yield replace
    torch.set_flush_denormal(False)


def trial(directory: Path, **more: Any) -> dict[str, Any]:
    params = {"optim/lr": 0.01, "train/batch_size": 8}
    told = {"number": 3, "seed": 11, "recorded": 0, "directory": str(directory)}
    return told | {"params": params} | more


def loss_from(call: int, fault: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """Return a loss to which ``fault`` is done from its call number ``call`` on."""
    calls = 0

    def loss(output: Tensor, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        good = (output - batch["target"]).square().mean(1)
        return good if calls <= call else fault(good)

    return loss


@pytest.mark.parametrize("epoch", [0, 1, 17])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_loss_that_breaks_in_any_epoch_keeps_the_epochs_before_it(
    tmp_path: Path, broken: Patch, epoch: int, value: float
) -> None:
    broken(loss=loss_from(epoch * BATCHES, lambda good: good * value))
    results = until_done(process(trial(tmp_path), epochs=20))
    assert [result["epoch"] for result in results[:-1]] == list(range(1, epoch + 1))
    assert results[-1]["failed"] == f"loss or gradient was not finite in epoch {epoch + 1}"


class RootOfZero(torch.autograd.Function):
    """Changes nothing, but its gradient is infinite."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return torch.full_like(gradient, math.inf)


def test_infinite_gradients_of_a_finite_loss_end_the_trial(tmp_path: Path, broken: Patch) -> None:
    broken(loss=loss_from(BATCHES, RootOfZero.apply))
    results = until_done(process(trial(tmp_path)))
    assert [result["epoch"] for result in results[:-1]] == [1]
    assert results[-1]["failed"] == "loss or gradient was not finite in epoch 2"


def raising(*_: Any, **__: Any) -> Any:
    raise LookupError("no such band")


@pytest.mark.parametrize("part", ["build", "loss", "metrics"])
def test_error_in_the_workload_is_one_trials_end_with_a_traceback(
    tmp_path: Path, broken: Patch, part: str
) -> None:
    broken(**{part: raising})
    assert process(trial(tmp_path)).step() == {"failed": "LookupError: no such band", "done": True}
    assert "in raising" in (tmp_path / "error.txt").read_text()


@pytest.mark.parametrize("error", [DataFormatError("row 3 is empty"), OSError("stale handle")])
def test_error_in_the_data_is_one_trials_end(
    tmp_path: Path, broken: Patch, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("tune.trainable.data.load_folds", load)
    broken()
    assert process(trial(tmp_path)).step()["failed"] == f"{type(error).__name__}: {error}"


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nSee the manual"),
    MemoryError("Unable to allocate 9 TiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_want_of_memory_ends_the_process_once_and_the_trial_the_second_time(
    tmp_path: Path, broken: Patch, error: Exception
) -> None:
    def loss(_output: Tensor, _batch: Batch) -> Tensor:
        raise error

    broken(loss=loss)
    with pytest.raises(type(error)):  # Ray hears of it, and starts the trial again
        process(trial(tmp_path)).step()
    result = process(trial(tmp_path, retried=True)).step()
    assert result["failed"].startswith("out of memory, with a larger share too: ")
    assert "\n" not in result["failed"]


def test_trial_that_is_given_up_trains_no_more(tmp_path: Path) -> None:
    result = process(trial(tmp_path, retried=True, given_up="its process died twice")).step()
    assert result == {"failed": "its process died twice", "done": True}


@pytest.mark.parametrize(
    ("asked", "nodes", "share"),
    [
        ({"CPU": 1.0}, [{"CPU": 2.0}], {"cpu": 2.0}),
        ({"CPU": 2.0}, [{"CPU": 2.0}], {"cpu": 2.0}),
        ({"CPU": 2.0}, [], {"cpu": 2.0}),  # Ray's machines are gone when its raylet was killed
        ({"CPU": 3.0}, [{"CPU": 4.0}, {"CPU": 2.0, "GPU": 1.0}], {"cpu": 4.0}),
        ({"CPU": 1.0, "GPU": 0.25}, [{"CPU": 16.0, "GPU": 4.0}], {"cpu": 2.0, "gpu": 0.5}),
        ({"CPU": 1.0, "GPU": 0.75}, [{"CPU": 16.0, "GPU": 4.0}], {"cpu": 2.0, "gpu": 1.0}),
        (
            {"CPU": 1.0, "GPU": 0.5},
            [{"CPU": 64.0}, {"CPU": 1.0, "GPU": 1.0}],
            {"cpu": 1, "gpu": 1},
        ),
    ],
)
def test_second_try_gets_twice_the_share_as_far_as_a_machine_has_it(
    asked: dict[str, float], nodes: list[dict[str, float]], share: dict[str, float]
) -> None:
    assert larger(asked, nodes) == share


def few(trial: optuna.Trial) -> None:
    trial.suggest_categorical("train/batch_size", [8, 16])


def test_configuration_that_failed_is_never_trained_again(tmp_path: Path, space: Space) -> None:
    narrow = dataclasses.replace(space, declare=few, baseline={"train/batch_size": 8})
    sweep = opened(tmp_path, narrow, trials=12)
    trained = []
    while (job := sweep.next_trial()) is not None:
        trained.append(job["params"]["train/batch_size"])
        if trained[-1] == 8:
            sweep.end_trial(job["number"], "failed", "out of memory")
            continue
        row = {"epoch": 1, "value": 1.0, "objective": 1.0, "best_epoch": 1, "seconds": 1.0}
        sweep.record_epoch(job["number"], row)
        sweep.end_trial(job["number"], "complete", "reached its last epoch")
    assert trained.count(8) == 1
    assert len(sweep.ended) == 12
    again = [each for each in sweep.ended if each.params == {"train/batch_size": 8}]
    assert {each.user_attrs["end"]["reason"] for each in again} == {"out of memory"}


def test_sweep_stops_after_five_trials_that_fail_alike(
    tmp_path: Path, space: Space, broken: Patch
) -> None:
    broken(build=raising)
    sweep = opened(tmp_path, space, trials=40)
    searcher = StudySearcher(sweep, RecordedASHA(space.budget, []), Keeper())
    asked = 0
    while isinstance(job := searcher.suggest(str(asked)), dict):
        result = until_done(process(job))[-1]
        searcher.on_trial_complete(str(asked), result)
        asked += 1
    assert asked == FAILURES_ALIKE
    assert sweep.hopeless() == "LookupError: no such band"


def test_bad_trials_among_good_ones_leave_the_good_ones_alone(
    tmp_path: Path, space: Space, broken: Patch, workload: Workload
) -> None:
    """Networks of an odd width break; the others come out as in a sweep without broken ones."""

    def build(hidden: int = 4) -> nn.Module:
        if hidden % 2:
            raise ZeroDivisionError("odd")
        return workload.build(hidden=hidden)

    broken(build=build)
    sweep = opened(tmp_path, space, trials=8)
    train(sweep)
    for each in sweep.ended:
        odd = each.params["model/hidden"] % 2
        assert outcome(each) == ("failed" if odd else "complete")
        assert len(each.intermediate_values) == (0 if odd else 4)
    assert {outcome(each) for each in sweep.ended} == {"failed", "complete"}
    assert all(each.params["model/hidden"] % 2 == 0 for each in sweep.best(8))


def test_hanging_trial_fails_when_its_time_is_up(tmp_path: Path, broken: Patch) -> None:
    def hang(good: Tensor) -> Tensor:
        time.sleep(60)
        return good

    broken(loss=loss_from(BATCHES, hang))
    start = time.monotonic()
    results = until_done(process(trial(tmp_path), timeout_s=2.0))
    assert time.monotonic() - start < 20
    assert [result.get("epoch") for result in results] == [1, None]
    assert results[-1]["failed"] == "took longer than its 2 s"


def test_time_of_earlier_epochs_counts(tmp_path: Path, broken: Patch) -> None:
    def slow(good: Tensor) -> Tensor:
        time.sleep(0.05)
        return good

    broken(loss=loss_from(0, slow))
    results = until_done(process(trial(tmp_path), epochs=100, timeout_s=1.0))
    assert len(results) < 10
    assert results[-1]["failed"] == "took longer than its 1 s"


def test_work_in_time_is_left_alone() -> None:
    with time_limit(30.0, 30.0):
        time.sleep(0.01)
    with time_limit(math.inf, math.inf):
        pass
    with pytest.raises(TrialFailure, match="took longer than its 5 s"), time_limit(-1.0, 5.0):
        time.sleep(5)


DEAF = """
import signal, sys, time
from tune import limits
limits.GRACE_S = 0.5
with limits.time_limit(0.5, 0.5):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # as good as stuck in native code
    time.sleep(60)
"""


def test_process_that_does_not_hear_the_alarm_is_ended() -> None:
    assert limits.GRACE_S > 1
    done = subprocess.run(
        [sys.executable, "-c", DEAF],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "time.sleep" in done.stderr or "line 7" in done.stderr


def test_trial_that_went_on_from_an_older_checkpoint_says_so_in_the_record(
    tmp_path: Path, space: Space
) -> None:
    sweep = opened(tmp_path, space)
    searcher = StudySearcher(sweep, RecordedASHA(space.budget, []), Keeper())
    searcher.suggest("a")
    row = {"epoch": 1, "value": 1.0, "objective": 1.0, "best_epoch": 1, "seconds": 1.0}
    sweep.record_epoch(0, row)
    note = "last.pt damaged, went on"
    searcher.on_trial_complete("a", {"ended": "reached its last epoch", "note": note})
    reason = sweep.ended[0].user_attrs["end"]["reason"]
    assert reason == "reached its last epoch (last.pt damaged, went on)"
