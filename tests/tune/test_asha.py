from types import SimpleNamespace

import pytest
from ray.tune.experiment import Trial

from search_spaces.contract import Budget
from tune.asha import RecordedASHA

BUDGET = Budget(trials=9, epochs=9, grace_epochs=1, reduction=3)


def trial(number: int) -> SimpleNamespace:
    return SimpleNamespace(trial_id=f"ray{number}", config={"number": number})


def judge(asha: RecordedASHA, number: int, epoch: int, objective: float) -> str:
    return asha.on_trial_result(None, trial(number), {"epoch": epoch, "objective": objective})


def begun(asha: RecordedASHA, *numbers: int) -> RecordedASHA:
    for number in numbers:
        asha.on_trial_add(None, trial(number))
    return asha


def test_trial_worse_than_the_best_third_stops_at_a_rung() -> None:
    asha = begun(RecordedASHA(BUDGET, []), 1, 2, 3, 4)
    assert [judge(asha, number, 1, number) for number in (1, 2, 3)] == ["CONTINUE", "STOP", "STOP"]
    assert asha.pruned == {2, 3}
    assert judge(asha, 4, 1, 0.5) == "CONTINUE"


def test_baseline_is_recorded_but_never_stopped() -> None:
    asha = begun(RecordedASHA(BUDGET, []), 0, 1)
    judge(asha, 1, 1, 0.1)
    assert judge(asha, 0, 1, 99.0) == "CONTINUE"
    assert asha.rungs()[1] == [0.1, 99.0]


def test_rungs_of_a_resumed_sweep_equal_those_of_the_whole_one() -> None:
    values = {1: [3.0, 2.0, 1.5], 2: [1.0, 0.9, 0.8], 3: [9.0]}
    whole = begun(RecordedASHA(BUDGET, []), *values)
    history = [(n, e, v) for n, row in values.items() for e, v in enumerate(row, 1)]
    for number, epoch, value in history:
        judge(whole, number, epoch, value)
    assert RecordedASHA(BUDGET, history).rungs() == whole.rungs()
    assert whole.rungs() == {9: [], 3: [0.8, 1.5], 1: [1.0, 3.0, 9.0]}


def test_resumed_trial_is_not_judged_twice_at_a_rung_it_passed() -> None:
    asha = begun(RecordedASHA(BUDGET, [(1, 1, 5.0), (2, 1, 1.0)]), 1)
    assert judge(asha, 1, 1, 5.0) == "CONTINUE"
    assert asha.rungs()[1] == [1.0, 5.0]


def test_resumed_trial_is_judged_by_values_recorded_before_the_resume() -> None:
    asha = begun(RecordedASHA(BUDGET, [(1, 1, 1.0), (2, 1, 2.0)]), 3)
    assert judge(asha, 3, 1, 5.0) == "STOP"


@pytest.mark.parametrize("epochs", [1, 2])
def test_grace_longer_than_the_budget_still_works(epochs: int) -> None:
    asha = begun(RecordedASHA(Budget(trials=2, epochs=epochs, grace_epochs=4), []), 1)
    assert judge(asha, 1, 1, 1.0) == "CONTINUE"


def test_free_process_goes_to_the_newest_trial_and_to_none_that_runs() -> None:
    asha = RecordedASHA(BUDGET, [])
    running, older, newest = (
        SimpleNamespace(status=each) for each in (Trial.RUNNING, Trial.PENDING, Trial.PENDING)
    )

    def chosen(*trials: SimpleNamespace) -> SimpleNamespace | None:
        return asha.choose_trial_to_run(SimpleNamespace(get_trials=lambda: list(trials)))

    assert chosen(running, older, newest) is newest
    assert chosen(older, running) is None
    assert chosen() is None
