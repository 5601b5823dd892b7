"""What a trial is given when it is started again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tune import searcher
from tune.ends import DIED_TWICE
from tune.searcher import (
    EpochRecorder,
    Forgetter,
    Keeper,
    LargerShare,
    StudySearcher,
    larger,
)

#: As Ray 2.60 writes them into a trial's file of errors.
PROCESS_DIED = (
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"
)
MACHINE_DIED = "The actor died because its node has died. Node Id: 6b50"
MACHINE_SILENT = "The actor 3a59 is unavailable: The actor is temporarily unavailable: RpcError"
DRIVER_DIED = "The actor is dead because its owner has died. Owner Id: 0100"


class Trial(SimpleNamespace):
    """What ``LargerShare`` uses of Ray's."""

    def update_resources(self, share: dict[str, float]) -> None:
        self.share = share


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ray have a machine of eight cores."""
    nodes = [{"Resources": {"CPU": 8.0}}]
    monkeypatch.setattr(searcher, "ray", SimpleNamespace(nodes=lambda: nodes))


def recovered(folder: Path, *failures: str, **config: Any) -> Trial:
    """Let a trial fail like that, in order; Ray has counted the last one, too."""
    told = "".join(f"Failure # {n} (occurred at noon)\n{e}\n" for n, e in enumerate(failures, 1))
    (folder / "error.txt").write_text(told)
    group: Any = SimpleNamespace(required_resources={"CPU": 1.0})
    trial = Trial(
        error_file=str(folder / "error.txt"),
        run_metadata=SimpleNamespace(num_failures=1),
        placement_group_factory=group,
        config={"number": 4, **config},
        share={"cpu": 1.0},
    )
    trial.keeper, trial.trial_id = Keeper(), "ray4"
    LargerShare(trial.keeper, set()).on_trial_recover(1, [], trial)
    return trial


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("failures", [[PROCESS_DIED], [MACHINE_DIED, PROCESS_DIED]])
def test_trial_whose_process_died_gets_a_larger_share_once(
    tmp_path: Path, failures: list[str]
) -> None:
    trial = recovered(tmp_path, *failures)
    assert trial.share == {"cpu": 2.0}
    assert trial.config == {"number": 4, "retried": True}
    assert trial.run_metadata.num_failures == 1
    assert not trial.keeper.stop_all()


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("failure", [MACHINE_DIED, MACHINE_SILENT])
def test_trial_whose_machine_died_is_not_to_blame(tmp_path: Path, failure: str) -> None:
    trial = recovered(tmp_path, PROCESS_DIED, failure)
    assert trial.share == {"cpu": 1.0}
    assert trial.config == {"number": 4}
    assert trial.run_metadata.num_failures == 0
    assert not trial.keeper.stop_all()


@pytest.mark.usefixtures("machines")
def test_machine_that_is_lost_after_a_death_is_not_the_second_one(tmp_path: Path) -> None:
    trial = recovered(tmp_path, PROCESS_DIED, MACHINE_DIED, retried=True)
    assert trial.config == {"number": 4, "retried": True}
    assert trial.run_metadata.num_failures == 0
    trial = recovered(tmp_path, PROCESS_DIED, MACHINE_DIED, PROCESS_DIED, retried=True)
    assert trial.config == {"number": 4, "retried": True, "given_up": DIED_TWICE}


def test_driver_whose_machine_ray_has_given_up_ends(tmp_path: Path) -> None:
    trial = recovered(tmp_path, DRIVER_DIED)
    assert trial.keeper.stop_all()
    assert trial.config == {"number": 4}


def test_share_stays_when_no_machine_has_it_at_the_moment() -> None:
    assert larger({"CPU": 1.0, "GPU": 1.0}, [{}, {"CPU": 4.0}]) == {"cpu": 1.0, "gpu": 1.0}


class Recorded(SimpleNamespace):
    """What ``EpochRecorder`` uses of a sweep of two trials; writes down what it is told."""

    def hold(self) -> None:
        self.told.append("hold")

    def record_epoch(self, number: int, row: dict[str, float], device: str) -> None:
        self.told.append(row)

    def settle(self) -> None:
        self.told.append("settle")

    def wants_more(self) -> bool:
        return len(self.ended) < 2


@pytest.mark.usefixtures("machines")
def test_no_new_trial_comes_before_one_that_is_to_be_started_again(tmp_path: Path) -> None:
    sweep: Any = SimpleNamespace(hopeless=lambda: None, next_trial=lambda: {"number": 5})
    sweep.end_trial = lambda *told: None
    searcher = StudySearcher(sweep, cast(Any, None), Keeper())
    shares = LargerShare(Keeper(), searcher.recovering)
    trial = recovered(tmp_path, PROCESS_DIED)
    shares.on_trial_recover(1, [], trial)
    assert searcher.suggest("ray5") is None
    shares.on_trial_start(1, [], trial)
    assert searcher.suggest("ray5") == {"number": 5}
    shares.on_trial_recover(1, [], trial)
    searcher.numbers["ray4"] = 4
    searcher.on_trial_complete("ray4", {"failed": "died"})
    assert searcher.suggest("ray6") == {"number": 5}


def test_step_of_ray_is_written_at_its_end_unless_a_trial_ended_in_it() -> None:
    sweep: Any = Recorded(ended=[], told=[])
    recorder = EpochRecorder(sweep, Keeper())
    trial: Any = SimpleNamespace(config={"number": 4})
    recorder.on_trial_result(1, [], trial, {"row": {"epoch": 1}, "device": "cpu"})
    recorder.on_step_end(1, [])
    assert sweep.told == ["hold", {"epoch": 1}, "settle"]
    sweep.ended.append(trial)
    recorder.on_step_end(2, [])
    assert sweep.told[3:] == []
    recorder.on_step_end(3, [])
    assert sweep.told[3:] == ["settle"]


def test_end_after_which_nothing_is_proposed_is_written_at_once() -> None:
    sweep: Any = Recorded(ended=[], told=[])
    recorder = EpochRecorder(sweep, Keeper())
    sweep.ended += [1, 2]
    recorder.on_step_end(1, [])
    assert sweep.told == ["settle"]


def test_nothing_of_a_trials_results_is_kept_after_its_end() -> None:
    kept = SimpleNamespace(
        last_result={"a": 1}, metric_analysis={"a": {}}, metric_n_steps={"a": 1}
    )
    Forgetter().on_trial_complete(1, [], cast(Trial, SimpleNamespace(run_metadata=kept)))
    assert not any(vars(kept).values())
