"""The workloads by name, and what the engine takes from the three files of each."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search_spaces.contract import Budget, Target
from tune.errors import UserError

if TYPE_CHECKING:
    import optuna

#: One entry a workload: models/, datasets/ and search_spaces/ each hold <name>.py.
NAMES = ("edc", "emotion", "frequency_filter")


@dataclass(frozen=True)
class Space:
    """What ``search_spaces/<name>.py`` states; read without importing torch."""

    name: str
    declare: Callable[["optuna.Trial"], None]
    baseline: Mapping[str, Any]
    presets: Sequence[Mapping[str, Any]]
    targets: Sequence[Target]
    metric: str | None
    mode: str
    budget: Budget
    rising: Sequence[str] = ()


@dataclass(frozen=True)
class Workload:
    """The functions of ``models/<name>.py`` and ``datasets/<name>.py``."""

    space: Space
    build: Callable[..., Any]
    loss: Callable[..., Any]
    metrics: Callable[..., dict[str, float]]
    derive: Callable[..., Any] | None
    augment: Callable[..., Any] | None
    draw: Callable[..., None] | None
    load: Callable[..., Any]
    load_test: Callable[..., Any]


def space(name: str) -> Space:
    """Read the search space of a workload.

    Args:
        name: One of ``NAMES``.

    Returns:
        What ``search_spaces/<name>.py`` states.

    Raises:
        UserError: If ``name`` is not a workload; the message lists the known ones.
    """
    if name not in NAMES:
        raise UserError(f"workload must be one of {', '.join(NAMES)}, got '{name}'")
    module = importlib.import_module(f"search_spaces.{name}")
    return Space(
        name=name,
        declare=module.space,
        baseline=module.BASELINE,
        presets=getattr(module, "PRESETS", ()),
        targets=getattr(module, "TARGETS", ()),
        metric=getattr(module, "METRIC", None),
        mode=getattr(module, "MODE", "min"),
        budget=module.BUDGET,
        rising=getattr(module, "RISING", ()),
    )


def get(name: str) -> Workload:
    """Import the three files of a workload.

    Args:
        name: One of ``NAMES``.

    Returns:
        Its functions.

    Raises:
        UserError: If ``name`` is not a workload.
    """
    declared = space(name)
    model = importlib.import_module(f"models.{name}")
    data = importlib.import_module(f"datasets.{name}")
    return Workload(
        space=declared,
        build=model.build,
        loss=model.loss,
        metrics=model.metrics,
        derive=getattr(model, "derive", None),
        augment=getattr(model, "augment", None),
        draw=getattr(model, "draw", None),
        load=data.load,
        load_test=data.load_test,
    )
