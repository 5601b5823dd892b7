"""A workload's data as the training takes them: loaded once a process, with derived columns."""

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasets.contract import Data, Part
from tune import workloads
from tune.routing import named, route


def load(name: str, root: Path | None, config: Mapping[str, Any]) -> Data:
    """Load the data that a configuration asks for.

    Args:
        name: The workload.
        root: The user's data, or None for the embedded default data.
        config: Values by ``<group>/<argument>``; those of ``data/`` reach the workload's ``load``.

    Returns:
        Both parts, with the columns of the workload's ``derive`` among the others.
    """
    arguments = route(config)["data"].items()
    return _load(name, root, tuple(sorted((key, _hashable(value)) for key, value in arguments)))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def record(name: str, root: Path | None, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate and prepare the data that a configuration asks for; return their record."""
    data: Data = workloads.get(name).load(root, **route(config)["data"])
    return data.record


@lru_cache(maxsize=4)
def _load(name: str, root: Path | None, arguments: tuple[tuple[str, Any], ...]) -> Data:
    workload = workloads.get(name)
    data: Data = workload.load(root, **dict(arguments))
    if workload.derive is None:
        return data
    derived = workload.derive(data.train.columns, **named(workload.derive, data.facts))
    columns = {**data.train.columns, **derived}
    return dataclasses.replace(
        data,
        train=Part(columns, data.train.rows),
        validation=Part(columns, data.validation.rows),
    )
