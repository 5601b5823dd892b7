import dataclasses
import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from tune import samplers
from tune.arguments import SAMPLERS
from tune.ends import End
from tune.errors import UserError
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space


def proposals(study: Study, count: int) -> list[dict[str, Any]]:
    """Propose and end ``count`` trials one after the other."""
    found = []
    for _ in range(count):
        trial = study.propose()
        study.report(trial.number, 1, trial.params["optim/lr"])
        study.end(trial.number, End("complete", "reached its last epoch", {"epochs": 1}))
        found.append(trial.params)
    return found


def opened(directory: Path, space: Space, sampler: str) -> Study:
    directory.mkdir(exist_ok=True)
    return Study(directory / "study.journal", space, 7, {}, sampler)


@pytest.mark.parametrize("latest", [3, samplers.LATEST])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_reopened_study_goes_on_as_if_never_closed(
    tmp_path: Path, space: Space, sampler: str, latest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samplers, "LATEST", latest)
    whole = proposals(opened(tmp_path / "a", space, sampler), 14)
    pieces = [
        each for _ in range(7) for each in proposals(opened(tmp_path / "b", space, sampler), 2)
    ]
    assert pieces == whole
    assert whole[0] == space.baseline
    assert len({str(params) for params in whole}) == 14


def test_samplers_propose_different_configurations(tmp_path: Path, space: Space) -> None:
    found = [proposals(opened(tmp_path / each, space, each), 14) for each in SAMPLERS]
    assert found[0][0] == found[1][0] == found[2][0]
    assert found[0][1:] != found[1][1:] != found[2][1:]


def test_tpe_remembers_the_latest_trials_and_the_best_before_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(samplers, "LATEST", 3)
    monkeypatch.setattr(samplers, "BEST", 2)
    study = optuna.create_study()
    for value in (5.0, 1.0, None, 2.0, 1.0, 7.0, 8.0, 9.0):
        trial = study.ask()
        state = TrialState.COMPLETE if value is not None else TrialState.PRUNED
        study.tell(trial, value, state=state)
    ended = (TrialState.COMPLETE, TrialState.PRUNED)

    def seen(number: int) -> list[int]:
        found = samplers.Memory(study, number)._get_trials(False, ended, True)
        return [each.number for each in found]

    assert seen(8) == [1, 4, 5, 6, 7]
    assert seen(6) == [1, 0, 3, 4, 5, 6, 7]
    assert seen(3) == list(range(8))


def test_tpe_that_has_forgotten_nothing_is_optunas_own(tmp_path: Path, space: Space) -> None:
    ours = proposals(opened(tmp_path / "a", space, "tpe"), 14)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "ForgetfulTPE", samplers.TPESampler)
        assert proposals(opened(tmp_path / "b", space, "tpe"), 14) == ours


def test_random_proposals_depend_on_no_value(tmp_path: Path, space: Space) -> None:
    pending = opened(tmp_path / "a", space, "random")
    assert [pending.propose().params for _ in range(14)] == proposals(
        opened(tmp_path / "b", space, "random"), 14
    )


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_proposal_cut_short_anywhere_is_made_alike(
    tmp_path: Path, space: Space, sampler: str
) -> None:
    study = opened(tmp_path / "whole", space, sampler)
    proposals(study, 3)
    before = (tmp_path / "whole" / "study.journal").read_bytes().splitlines(keepends=True)
    expected = study.propose().params
    after = (tmp_path / "whole" / "study.journal").read_bytes().splitlines(keepends=True)
    for count in range(len(before) + 1, len(after)):
        torn = tmp_path / str(count)
        torn.mkdir()
        (torn / "study.journal").write_bytes(b"".join(after[:count]))
        again = opened(torn, space, sampler)
        unfinished = again.unfinished()
        trial = again.take_up(unfinished[0]) if unfinished else again.propose()
        assert (trial.number, trial.params) == (3, expected)


def test_unknown_sampler_is_refused(tmp_path: Path, space: Space) -> None:
    with pytest.raises(
        UserError, match="the sampler must be one of tpe, random, grid, got 'gird'"
    ):
        opened(tmp_path, space, "gird")


def test_sweep_over_an_exhausted_grid_is_finished(tmp_path: Path, space: Space) -> None:
    fixed = {key: value for key, value in space.baseline.items() if key != "train/batch_size"}
    budget = dataclasses.asdict(dataclasses.replace(space.budget, trials=20))
    study = Study(tmp_path / "study.journal", space, 7, fixed, "grid")
    sweep = Sweep(Layout(tmp_path), study, {"seed": 7, "fixed": fixed, "budget": budget})
    sizes = []
    while trial := sweep.next_trial():
        sizes.append(trial["params"]["train/batch_size"])
        sweep.end_trial(trial["number"], "pruned", "stopped by the test")
    assert sorted(sizes) == [8, 16]
    assert sweep.trials == 2
    assert json.loads((tmp_path / "sweep.json").read_text())["budget"]["trials"] == 2
