"""The workloads by name, and what the engine takes from the three files of each."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search_spaces.contract import Budget, Target
from tune.errors import UserError

if TYPE_CHECKING:
    import optuna

#: One entry a workload: models/, datasets/ and search_spaces/ each hold <name>.py.
NAMES = (
    "edc",
    "emotion",
    "frequency_filter",
    "melody",
    "companion_emotion",
    "companion_melody",
    "companion_harmony",
    "companion_dynamics",
    "companion_groove",
)

#: Workloads that one command sweeps in turn.
GROUPS: dict[str, tuple[str, ...]] = {
    "companion": (
        "companion_emotion",
        "companion_melody",
        "companion_harmony",
        "companion_dynamics",
        "companion_groove",
    ),
}

#: What the original projects call them.
ALIASES = {
    "EmotionRecognizer": "companion_emotion",
    "MelodyTransformer": "companion_melody",
    "HarmonyPredictor": "companion_harmony",
    "DynamicsEngine": "companion_dynamics",
    "GroovePredictor": "companion_groove",
}


def _silent(_fixed: Mapping[str, Any]) -> Sequence[str]:
    """Warn of nothing."""
    return ()


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
    evaluations: Sequence[Mapping[str, Any]] = ()
    older_runs: Mapping[str, Any] | None = None
    cautions: Callable[[Mapping[str, Any]], Sequence[str]] = _silent

    def rises(self, metric: str) -> bool:
        """Tell whether more of a metric is better."""
        if metric == self.metric:
            return self.mode == "max"
        targeted = any(
            each.metric == metric and each.at_least is not None for each in self.targets
        )
        return targeted or any(f"_{word}_" in f"_{metric}_" for word in self.rising)


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
    sample: Callable[..., Sequence[Path]] | None = None


def resolve(name: str) -> str:
    """Return the name of the workload that an alias stands for; any other name as it is."""
    return ALIASES.get(name, name)


def space(name: str) -> Space:
    """Read the search space of a workload.

    Args:
        name: One of ``NAMES``, or an alias.

    Returns:
        What ``search_spaces/<name>.py`` states.

    Raises:
        UserError: If ``name`` is not a workload; the message lists the known ones.
    """
    name = resolve(name)
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
        evaluations=getattr(module, "EVALUATIONS", ()),
        older_runs=getattr(module, "OLDER_RUNS", None),
        cautions=getattr(module, "cautions", _silent),
    )


def get(name: str) -> Workload:
    """Import the three files of a workload.

    Args:
        name: One of ``NAMES``, or an alias.

    Returns:
        Its functions.

    Raises:
        UserError: If ``name`` is not a workload.
    """
    declared = space(name)
    model = importlib.import_module(f"models.{declared.name}")
    data = importlib.import_module(f"datasets.{declared.name}")
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
        sample=getattr(model, "sample", None),
    )
