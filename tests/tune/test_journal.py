from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage

from tune.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.journal"


def study(path: Path) -> tuple[Journal, optuna.Study]:
    journal = Journal(path)
    storage = JournalStorage(journal)
    return journal, optuna.create_study(storage=storage, study_name="a", load_if_exists=True)


def test_what_belongs_together_reaches_the_file_at_once_and_can_be_read_before(path: Path) -> None:
    journal, ours = study(path)
    before = path.read_bytes()
    with journal.together():
        trial = ours.ask()
        trial.suggest_float("x", 0.0, 1.0)
        trial.suggest_float("y", 0.0, 1.0)
        assert path.read_bytes() == before
        assert ours.trials[0].params == trial.params
    assert len(path.read_bytes().splitlines()) == len(before.splitlines()) + 3
    assert study(path)[1].trials[0].params == trial.params


def test_study_goes_on_after_lines_that_were_held_back(path: Path) -> None:
    journal, ours = study(path)
    for _ in range(3):
        with journal.together():
            trial = ours.ask()
            trial.suggest_float("x", 0.0, 1.0)
        trial.report(1.0, 0)
        with journal.together():
            ours.tell(trial, 1.0)
        with journal.together():
            pass
    assert [each.value for each in ours.trials] == [1.0] * 3
    assert study(path)[1].trials == ours.trials


def test_what_was_written_before_an_error_is_kept(path: Path) -> None:
    journal, ours = study(path)
    with pytest.raises(KeyError), journal.together():
        ours.ask()
        raise KeyError
    assert len(study(path)[1].trials) == len(ours.trials) == 1


def test_what_is_held_can_be_read_at_once_and_is_written_in_one_append(path: Path) -> None:
    journal, ours = study(path)
    trial = ours.ask()
    before = path.read_bytes()
    journal.hold()
    trial.report(1.0, 0)
    ours.tell(trial, 1.0)
    journal.hold()  # holding twice loses nothing
    with journal.together():
        ours.ask()
    assert path.read_bytes() == before
    assert [each.state.name for each in ours.trials] == ["COMPLETE", "RUNNING"]
    journal.write()
    journal.write()
    assert len(path.read_bytes().splitlines()) == len(before.splitlines()) + 3
    assert study(path)[1].trials == ours.trials
