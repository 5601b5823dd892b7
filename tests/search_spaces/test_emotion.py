"""Search space of ``emotion``."""

import optuna
import pytest

from search_spaces.emotion import BASELINE, MODE, PATHS, PRESETS, space

FEEDBACK = {"model/bottleneck", "model/paths", "forward/strength", "forward/passes"}


def sampled(seed: int, **fixed: object) -> dict[str, object]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.enqueue_trial({name.replace("__", "/"): value for name, value in fixed.items()})
    trial = study.ask()
    space(trial)
    return trial.params


@pytest.mark.parametrize("known", [BASELINE, *PRESETS])
def test_known_configurations_lie_inside(known: dict[str, object]) -> None:
    trial = optuna.trial.FixedTrial(dict(known))
    space(trial)  # type: ignore[arg-type]  # a trial whose values are given
    assert trial.params == known


@pytest.mark.parametrize("seed", range(5))
def test_feedback_is_searched_only_where_there_is_some(seed: int) -> None:
    assert not FEEDBACK & sampled(seed, model__kind="baseline").keys()
    assert sampled(seed, model__kind="lrm").keys() >= FEEDBACK


@pytest.mark.parametrize("seed", range(5))
def test_conditional_parameters_appear_only_where_they_act(seed: int) -> None:
    once = sampled(seed, model__kind="lrm", forward__passes=1)
    assert "forward/feedback" not in once
    assert "forward/bptt" in once
    within = sampled(seed, model__kind="lrm", forward__passes=2, forward__feedback="within")
    assert "forward/bptt" not in within
    assert "optim/weight_decay" not in sampled(seed, optim__kind="adam")
    assert "optim/weight_decay" in sampled(seed, optim__kind="adamw")


def test_baseline_and_feedback_are_searched_with_the_same_recipe() -> None:
    searched = [
        sampled(0, model__kind=kind, optim__kind="adamw").keys() for kind in ("baseline", "lrm")
    ]
    assert searched[1] - searched[0] - FEEDBACK <= {"forward/feedback", "forward/bptt"}
    assert searched[0] <= searched[1]


def test_every_sweep_tries_the_three_published_strengths() -> None:
    assert BASELINE["model/kind"] == "baseline"
    published = [known for known in PRESETS if known.get("forward/passes") == 2]
    assert [known["forward/strength"] for known in published] == [1.0, 0.5, 2.0]
    alike = [{**known, "forward/strength": 1.0} for known in published]
    assert alike[0] == alike[1] == alike[2]


def test_paths_are_all_choices_of_four_blocks() -> None:
    assert len(PATHS) == len(set(PATHS)) == 15
    assert MODE == "min"
