"""The formats in which ``tune.export`` writes a model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from optuna.trial import FrozenTrial

from models import rtneural
from tune import checkpoints, finding, onnx_file, records
from tune.errors import UserError
from tune.layout import Layout
from tune.predictor import Predictor
from tune.restoring import checkpoint, restore

WEIGHTS = ("model", "folds")  # of a checkpoint; with folds, the model is that of the first one
COMPARED_ROWS = 8  # of an ONNX file with its network


def write_state_dict(place: Layout, trial: FrozenTrial, output: Path) -> None:
    """Write the weights of the best epoch, and beside them what builds the model.

    Args:
        place: The sweep.
        trial: One of its trials.
        output: File of the plain state dict; its configuration goes to the same name with
            ``.json``.
    """
    best = checkpoints.load(checkpoint(place, trial.number))
    checkpoints.save(output, best["model"])
    description = {key: value for key, value in best.items() if key not in WEIGHTS}
    records.write_json(output.with_suffix(".json"), description)
    print(f"wrote {output} and {output.with_suffix('.json')} (trial {trial.number})")


def write_rtneural(place: Layout, trial: FrozenTrial, output: Path) -> None:
    """Write the network as JSON for the RTNeural library.

    Args:
        place: The sweep.
        trial: One of its trials.
        output: The JSON file.

    Raises:
        UserError: If RTNeural cannot hold the network; no file is left then.
    """
    predictor = restore(place, trial.number, trial.params)
    part = predictor.data.validation
    inputs = part.batch(torch.arange(len(part)))["inputs"]
    name = predictor.workload.space.name
    told = _origin(predictor, trial)
    try:
        written = rtneural.export(
            predictor.model, output, workload=name, inputs=inputs, metadata=told
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    print(f"wrote {output} (trial {trial.number}, off by {written['max_abs_error']:.1e} at most)")


def write_onnx(place: Layout, trial: FrozenTrial, output: Path) -> None:
    """Write the network as ONNX, with its origin and configuration in ``metadata_props``, as JSON.

    Args:
        place: The sweep.
        trial: One of its trials.
        output: The ONNX file.

    Raises:
        UserError: If the extra is missing or ONNX cannot hold the network; no file is left then.
    """
    onnx_file.check_installed()
    predictor = restore(place, trial.number, trial.params)
    part = predictor.data.validation
    inputs = part.batch(torch.arange(min(COMPARED_ROWS, len(part))))["inputs"]
    config = {**place.describe()["fixed"], **trial.params}
    told = {"sweep": finding.full_name(place), "config": config} | _origin(predictor, trial)
    metadata = {name: json.dumps(value) for name, value in told.items()}
    error = onnx_file.export(
        predictor.model, predictor.forward_arguments, inputs, output, metadata
    )
    print(f"wrote {output} (trial {trial.number}, off by {error:.1e} at most)")


def _origin(predictor: Predictor, trial: FrozenTrial) -> dict[str, Any]:
    """Return which trial a network is of, and what its weights were chosen by."""
    objective = predictor.workload.space.metric or "worst ratio to a target"
    return {"trial": trial.number, "objective": {"name": objective, "value": trial.value}}


MODEL_FORMATS: dict[str, Callable[[Layout, FrozenTrial, Path], None]] = {
    "state_dict": write_state_dict,
    "rtneural": write_rtneural,
    "onnx": write_onnx,
}
