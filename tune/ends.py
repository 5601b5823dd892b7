"""How trials end, and where their study says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

END = "end"  # the user attribute
OUTCOMES = ("complete", "pruned", "failed")
DIED_TWICE = "its process died twice (out of memory?)"


@dataclass(frozen=True)
class End:
    """How a trial ended.

    Attributes:
        outcome: ``complete``, ``pruned`` or ``failed``.
        reason: One line for people.
        summary: ``tune.records.summarise`` of its epochs, and their ``device``.
    """

    outcome: str
    reason: str
    summary: Mapping[str, Any]


def outcome(trial: FrozenTrial) -> str:
    """Return ``running``, ``complete``, ``pruned`` or ``failed``."""
    if trial.state == TrialState.RUNNING:
        return "running"
    return str(trial.user_attrs[END]["outcome"])


def check_ends(trials: Iterable[FrozenTrial]) -> None:
    """Check what a study, which a stranger may have written, says of the ends of its trials.

    Args:
        trials: Its trials, ended or not.

    Raises:
        ValueError: If an end is not as ``End`` describes it.
    """
    for trial in trials:
        end = trial.user_attrs.get(END)
        if end is None and not trial.state.is_finished():
            continue
        if not isinstance(end, dict) or end["outcome"] not in OUTCOMES:
            raise ValueError(f"trial {trial.number} ended as {end!r}")
        if not isinstance(end["reason"], str) or not isinstance(end["summary"], dict):
            raise ValueError(f"trial {trial.number} ended as {end!r}")
