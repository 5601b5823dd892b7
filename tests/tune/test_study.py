import dataclasses
import shutil
from pathlib import Path

import optuna
import pytest

from tune.ends import End, outcome
from tune.errors import UserError
from tune.journal import mend
from tune.study import Study, read_trials, starting_points
from tune.workloads import Space


def opened(path: Path, space: Space, **fixed: object) -> Study:
    return Study(path / "study.journal", space, 7, fixed)


def run(study: Study, count: int) -> list[dict[str, object]]:
    """Propose and end ``count`` trials one after the other."""
    params = []
    for _ in range(count):
        trial = study.propose()
        value = trial.params["optim/lr"] + trial.params["forward/dropout"]
        for epoch in (1, 2):
            study.report(trial.number, epoch, value / epoch)
        study.end(trial.number, End("complete", "reached its last epoch", {"epochs": 2}))
        params.append(trial.params)
    return params


def test_baseline_is_the_first_trial(tmp_path: Path, space: Space) -> None:
    assert opened(tmp_path, space).propose().params == space.baseline


def test_presets_follow_the_baseline(tmp_path: Path, space: Space) -> None:
    preset = {**space.baseline, "model/hidden": 7}
    study = opened(tmp_path, dataclasses.replace(space, presets=(preset,)))
    assert [params["model/hidden"] for params in run(study, 2)] == [4, 7]


@pytest.mark.parametrize(
    ("fixed", "tried"),
    [
        ({}, [4, 7, 3]),
        ({"model/hidden": 7}, [7]),
        ({"model/hidden": 5}, [5]),
        ({"schedule/kind": "plateau"}, [3]),
        ({"data/noise": 0.5}, [4, 7, 3]),
    ],
)
def test_starting_points_are_those_that_agree_with_what_is_fixed(
    space: Space, fixed: dict[str, object], tried: list[int]
) -> None:
    presets = (
        {**space.baseline, "model/hidden": 7},
        {"model/hidden": 3, "schedule/kind": "plateau"},
    )
    points = starting_points(dataclasses.replace(space, presets=presets), fixed)
    assert [point["model/hidden"] for point in points] == tried
    assert all(point.items() >= fixed.items() for point in points)


def test_reopening_enqueues_nothing_twice(tmp_path: Path, space: Space) -> None:
    for _ in range(3):
        study = opened(tmp_path, space)
    assert run(study, 2)[1] != space.baseline


def test_same_history_gives_the_same_next_proposal_after_reopening(
    tmp_path: Path, space: Space
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = run(opened(tmp_path / "a", space), 16)
    pieces = [params for _ in range(8) for params in run(opened(tmp_path / "b", space), 2)]
    assert pieces == whole
    assert len({str(params) for params in whole}) == 16


@pytest.mark.parametrize("earlier", [3, 12])
def test_proposal_cut_short_anywhere_is_made_alike(
    tmp_path: Path, space: Space, earlier: int
) -> None:
    study = opened(tmp_path, space)
    run(study, earlier)
    before = study_lines(tmp_path)
    expected = study.propose().params
    after = study_lines(tmp_path)
    for count in range(len(before) + 1, len(after)):
        torn = tmp_path / str(count)
        torn.mkdir()
        (torn / "study.journal").write_bytes(b"".join(after[:count]))
        again = opened(torn, space)
        unfinished = again.unfinished()
        trial = again.take_up(unfinished[0]) if unfinished else again.propose()
        assert trial.number == earlier
        assert trial.params == expected


def study_lines(path: Path) -> list[bytes]:
    return (path / "study.journal").read_bytes().splitlines(keepends=True)


def test_journal_cut_at_any_byte_opens_with_all_that_came_before(
    tmp_path: Path, space: Space
) -> None:
    run(opened(tmp_path, space), 4)
    whole = (tmp_path / "study.journal").read_bytes()
    for length in range(len(whole) - 400, len(whole)):
        torn = tmp_path / "torn"
        shutil.rmtree(torn, ignore_errors=True)
        torn.mkdir()
        (torn / "study.journal").write_bytes(whole[:length])
        study = opened(torn, space)
        study.finish_ends()
        assert 3 <= len([trial for trial in study.trials() if trial.state.is_finished()]) <= 4
        study.propose()


def test_mending_removes_the_lock_of_a_dead_writer(tmp_path: Path, space: Space) -> None:
    run(opened(tmp_path, space), 1)
    lock = tmp_path / "study.journal.lock"
    lock.symlink_to(tmp_path / "study.journal")
    mend(tmp_path / "study.journal")
    assert not lock.is_symlink()


def test_failed_trial_is_kept_from_the_sampler_as_infeasible(tmp_path: Path, space: Space) -> None:
    study = opened(tmp_path, space)
    number = study.propose().number
    study.end(number, End("failed", "loss was not finite in epoch 1", {"epochs": 0}))
    trial = opened(tmp_path, space).trials()[number]
    assert outcome(trial) == "failed"
    assert trial.constraints == {"failed": 1.0}
    assert trial.user_attrs["end"]["reason"] == "loss was not finite in epoch 1"


def test_pruned_trial_keeps_its_epochs(tmp_path: Path, space: Space) -> None:
    study = opened(tmp_path, space)
    number = study.propose().number
    study.report(number, 1, 0.5)
    study.report(number, 1, 99.0)  # told again after a resume
    study.end(number, End("pruned", "stopped by ASHA at epoch 1", {"epochs": 1}))
    trial = read_trials(tmp_path / "study.journal")[number]
    assert outcome(trial) == "pruned"
    assert trial.intermediate_values == {1: 0.5}


def test_end_that_was_recorded_but_not_told_is_told_on_reopening(
    tmp_path: Path, space: Space
) -> None:
    run(opened(tmp_path, space), 1)
    lines = study_lines(tmp_path)
    (tmp_path / "study.journal").write_bytes(b"".join(lines[:-1]))
    study = opened(tmp_path, space)
    assert len(study.unfinished()) == 1
    study.finish_ends()
    assert study.unfinished() == []


def test_fixed_parameter_is_never_searched(tmp_path: Path, space: Space) -> None:
    study = opened(tmp_path, space, **{"model/hidden": 3, "data/noise": 0.5})
    assert {params["model/hidden"] for params in run(study, 14)} == {3}
    assert study.config(study.trials()[3])["data/noise"] == 0.5


def test_changed_space_is_refused_by_trial_and_parameter(tmp_path: Path, space: Space) -> None:
    run(opened(tmp_path, space), 2)

    def wider(trial: optuna.Trial) -> None:
        space.declare(trial)
        trial.suggest_float("optim/weight_decay", 1e-6, 1e-2, log=True)

    study = opened(tmp_path, dataclasses.replace(space, declare=wider))
    with pytest.raises(UserError, match="differs from trial 0 in .*optim/weight_decay"):
        study.check_compatible()
    opened(tmp_path, space).check_compatible()


def test_changed_range_is_refused(tmp_path: Path, space: Space) -> None:
    run(opened(tmp_path, space), 2)

    def narrower(trial: optuna.Trial) -> None:
        trial.suggest_int("model/hidden", 2, 9)

    study = opened(tmp_path, dataclasses.replace(space, declare=narrower))
    with pytest.raises(UserError, match="differs from trial 0 in model/hidden"):
        study.check_compatible()
