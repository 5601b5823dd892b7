"""Values that the user fixes with ``--set``, checked before anything is computed."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna

from tune.errors import UserError
from tune.optim import optimiser
from tune.routing import GROUPS, route
from tune.settings import Settings
from tune.workloads import Space, Workload


def as_fixed(space: Space, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Collect what ``--set`` gave; what the space knows as text stays text, be it digits.

    Args:
        space: Its baseline and presets show which parameters are texts.
        pairs: Key and value of every ``--set``, the last of a key counting.

    Returns:
        Values by ``<group>/<argument>``.
    """
    points = (space.baseline, *space.presets)
    texts = {key for point in points for key, value in point.items() if isinstance(value, str)}
    return {key: str(value) if key in texts else value for key, value in pairs}


def check_fixed(workload: Workload, fixed: Mapping[str, Any]) -> None:
    """Check that every fixed value has a place to go.

    Args:
        workload: Whose parameters they are.
        fixed: Values by ``<group>/<argument>``.

    Raises:
        UserError: If a group or argument is unknown, or a value lies outside its range in the
            search space; names what is known.
    """
    unknown = [key for key in fixed if key.partition("/")[0] not in GROUPS]
    if unknown:
        raise UserError(f"--set {unknown[0]} must begin with one of {', '.join(GROUPS)}")
    for group, arguments in route(fixed).items():
        for name in arguments:
            _check_name(_receiver(workload, group), group, name)
    _check_ranges(workload, fixed)


def _receiver(workload: Workload, group: str) -> Callable[..., Any] | None:
    """Return the function that a group's arguments reach, if it can be asked without a model."""
    receivers: dict[str, Callable[..., Any] | None] = {
        "model": workload.build,
        "data": workload.load,
        "loss": workload.loss,
        "augment": workload.augment,
        "optim": optimiser,
        "train": Settings,
    }
    return receivers.get(group)


def _check_name(receiver: Callable[..., Any] | None, group: str, name: str) -> None:
    if receiver is None:
        return
    parameters = inspect.signature(receiver).parameters
    known = [key for key in parameters if key != "root"]
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if name not in known and not open_ended:
        raise UserError(f"--set {group}/{name} must name one of {', '.join(known)}")


def _check_ranges(workload: Workload, fixed: Mapping[str, Any]) -> None:
    """Declare the space on the fixed values: Optuna warns or raises outside a range."""
    study = optuna.create_study(storage=None, sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial({**workload.space.baseline, **fixed})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            workload.space.declare(study.ask())
        except (ValueError, UserWarning) as error:
            raise UserError(f"--set must stay inside the search space: {error}") from error
