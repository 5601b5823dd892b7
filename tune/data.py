"""A workload's data as the training takes them: loaded once a process, with derived columns."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from datasets import splits
from datasets.contract import Data, DataFormatError
from tune import workloads
from tune.routing import named, route
from tune.settings import Settings


def load(name: str, root: Path | None, config: Mapping[str, Any]) -> Data:
    """Load the data that a configuration asks for.

    Args:
        name: The workload.
        root: The user's data, or None for the embedded default data.
        config: Values by ``<group>/<argument>``; those of ``data/`` reach the workload's ``load``.

    Returns:
        Both parts, with the columns of the workload's ``derive`` among the others; of
        ``train/folds`` folds, the first one.
    """
    return load_folds(name, root, config)[0]


def load_folds(name: str, root: Path | None, config: Mapping[str, Any]) -> list[Data]:
    """Load the data of every fold that a configuration asks for; without folds, of the one split.

    Args:
        name: The workload.
        root: The user's data, or None for the embedded default data.
        config: Values by ``<group>/<argument>``.

    Returns:
        Data sets that share their columns.
    """
    groups = route(config)
    arguments = sorted((key, _hashable(value)) for key, value in groups["data"].items())
    return folded(_load(name, root, tuple(arguments)), Settings(**groups["train"]).folds)


def folded(data: Data, folds: int) -> list[Data]:
    """Deal training and validation rows anew: each fold is validation once, the others train.

    The folds depend on the data and on nothing else, so all trials have the same ones.

    Args:
        data: Its test rows lie in neither part, and so in no fold.
        folds: Their number; 1 leaves the data as they are.

    Returns:
        A data set a fold, with the facts fitted on its own training rows.

    Raises:
        DataFormatError: If there are fewer groups than folds, or the split has no test part.
    """
    if folds == 1:
        return [data]
    if data.record.get("no_test_split"):
        raise DataFormatError(f"{folds} folds need a split with a test part, got one without")
    return list(_folds(data, folds))


def _folds(data: Data, count: int) -> Iterator[Data]:
    known = torch.cat([data.train.rows, data.validation.rows]).sort().values
    groups = torch.arange(len(known)) if data.groups is None else data.groups[known]
    dealt = [known[torch.from_numpy(fold)] for fold in splits.into_folds(groups.numpy(), count)]
    record = {**data.record, "folds": [len(fold) for fold in dealt]}
    for number, fold in enumerate(dealt):
        others = torch.cat([*dealt[:number], *dealt[number + 1 :]])
        yield dataclasses.replace(
            data,
            train=dataclasses.replace(data.train, rows=others),
            validation=dataclasses.replace(data.validation, rows=fold),
            facts={**data.facts, **(data.fit(others) if data.fit else {})},
            record=record,
        )


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def record(name: str, root: Path | None, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate and prepare the data that a configuration asks for; return their record."""
    groups = route(config)
    data: Data = workloads.get(name).load(root, **groups["data"])
    return folded(data, groups["train"].get("folds", 1))[0].record


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
        train=dataclasses.replace(data.train, columns=columns),
        validation=dataclasses.replace(data.validation, columns=columns),
    )
