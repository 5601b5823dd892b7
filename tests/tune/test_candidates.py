import argparse
import dataclasses
import json
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tune import candidates, workloads
from tune.candidates import plan, variants
from tune.ends import END, End
from tune.errors import UserError
from tune.layout import Layout
from tune.workloads import Space

SPLITS = ("geometry", "material", "random")
OPTIONS = argparse.Namespace(top=2, seeds=3)


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    """A sweep of ``edc`` whose baseline is third."""
    place = Layout(tmp_path / "edc" / "monday")
    place.directory.mkdir(parents=True)
    space = workloads.space("edc")
    storage = JournalStorage(JournalFileBackend(str(place.journal)))
    study = optuna.create_study(storage=storage, study_name="edc")
    for known, objective in zip(
        (space.baseline, *space.presets[:2]), (3.0, 1.0, 2.0), strict=True
    ):
        study.enqueue_trial(dict(known))
        trial = study.ask()
        space.declare(trial)
        trial.set_user_attr(END, dataclasses.asdict(End("complete", "", {})))
        trial.report(objective, 1)
        study.tell(trial, objective)
    budget = dataclasses.asdict(space.budget)
    described = {"workload": "edc", "seed": 0, "root": None, "fixed": {"data/size": "tiny"}}
    place.description.write_text(json.dumps(described | {"budget": budget}))
    return place


def test_edc_is_evaluated_on_all_three_splits() -> None:
    space = workloads.space("edc")
    assert variants(space, {}) == [{"data/split": split} for split in SPLITS]


def test_chosen_split_is_the_only_one() -> None:
    space = workloads.space("edc")
    changes = {"data/split": "material", "data/size": "fast"}
    assert variants(space, changes) == [changes]
    assert variants(space, {"data/size": "fast"})[2] == {
        "data/split": "random",
        "data/size": "fast",
    }
    assert variants(space, {"data/split": "of my own"}) == [{"data/split": "of my own"}]


def test_workload_without_variants_is_evaluated_as_it_was_swept(space: Space) -> None:
    assert variants(space, {}) == [{}]


def test_baseline_and_best_trials_meet_the_same_seeds(place: Layout) -> None:
    evaluation = plan(workloads.space("edc"), place, {"data/split": "material"}, OPTIONS)
    labels = [label for label, _ in evaluation.jobs]
    assert labels == ["baseline"] * 3 + ["trial-1"] * 3 + ["trial-2"] * 3
    seeds = [[job.seed for label, job in evaluation.jobs if label == each] for each in set(labels)]
    assert seeds[0] == seeds[1] == seeds[2]
    assert len(set(seeds[0])) == 3
    assert evaluation.directory.name == "data-split-material"
    assert all(job.config["data/split"] == "material" for _, job in evaluation.jobs)
    assert all(job.config["data/size"] == "tiny" for _, job in evaluation.jobs)
    assert len({job.directory for _, job in evaluation.jobs}) == 9


def test_more_seeds_keep_the_first_ones(place: Layout) -> None:
    few, many = (candidates.seeds(place.describe(), count) for count in (2, 4))
    assert many[:2] == few


def test_unknown_split_is_one_line(place: Layout) -> None:
    with pytest.raises(UserError, match="split must be one of"):
        plan(workloads.space("edc"), place, {"data/split": "own"}, OPTIONS)


def test_sweep_without_ended_trials_is_refused(tmp_path: Path) -> None:
    place = Layout(tmp_path)
    JournalStorage(JournalFileBackend(str(place.journal)))
    place.journal.touch()
    with pytest.raises(UserError, match="must hold an ended trial"):
        candidates.candidates(place, 3)


def test_split_without_a_test_part_is_refused(
    place: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "load_record", lambda *_: {"no_test_split": True})
    with pytest.raises(UserError, match="choose another with --set data/split"):
        plan(workloads.space("edc"), place, {}, OPTIONS)
