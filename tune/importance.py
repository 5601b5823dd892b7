"""How much each parameter matters, by Optuna's PED-ANOVA."""

from collections import Counter
from collections.abc import Sequence

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial

TOP_TRIALS = 5  # PED-ANOVA is steady from so many trials above its quantile on


def as_study(trials: Sequence[FrozenTrial]) -> optuna.Study:
    """Return trials as an Optuna study in memory, under their own numbers.

    All are complete in it, at the value they had reached when they ended. Optuna's evaluators
    look at complete trials only, and would judge a parameter by what survived the pruning.

    Args:
        trials: Those of a sweep that have a value.

    Returns:
        The study; where a number is missing, there is a failed trial without parameters.
    """
    known = {trial.number: trial for trial in trials}
    study = optuna.create_study()
    for number in range(max(known) + 1):
        trial = known.get(number)
        study.add_trial(_complete(trial) if trial else create_trial(state=TrialState.FAIL))
    return study


def _complete(trial: FrozenTrial) -> FrozenTrial:
    return create_trial(value=trial.value, params=trial.params, distributions=trial.distributions)


def importances(study: optuna.Study) -> dict[str, float]:
    """Return how much each parameter matters for being among the best, by PED-ANOVA.

    Args:
        study: ``as_study`` of at least two trials.

    Returns:
        Shares that sum to 1, the most important parameter first. A parameter that fewer than half
        of the trials have is left out: one lucky or unlucky trial would decide about it.
    """
    trials = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    counts = Counter(name for trial in trials for name in trial.params)
    common = [name for name, count in counts.items() if count >= len(trials) / 2]
    share = min(max(0.1, TOP_TRIALS / len(trials)), 0.5)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    return get_param_importances(study, evaluator=evaluator, params=common) if common else {}
