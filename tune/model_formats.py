"""The formats in which ``tune.export`` writes a model."""

from collections.abc import Callable
from pathlib import Path

import torch
from optuna.trial import FrozenTrial

from models import rtneural
from tune import checkpoints, records
from tune.errors import UserError
from tune.layout import Layout
from tune.restoring import checkpoint, restore


def write_state_dict(place: Layout, trial: FrozenTrial, output: Path) -> None:
    """Write the weights of the best epoch, and beside them what builds the model.

    Args:
        place: The sweep.
        trial: One of its trials.
        output: File of the plain state dict; its configuration goes to the same name with
            ``.json``.
    """
    best = checkpoints.load(checkpoint(place, trial))
    checkpoints.save(output, best["model"])
    description = {key: value for key, value in best.items() if key != "model"}
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
    training = restore(place, trial)
    part = training.data.validation
    inputs = part.batch(torch.arange(len(part)))["inputs"]
    name = training.workload.space.name
    objective = training.workload.space.metric or "worst ratio to a target"
    told = {"trial": trial.number, "objective": {"name": objective, "value": trial.value}}
    try:
        written = rtneural.export(
            training.model, output, workload=name, inputs=inputs, metadata=told
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    print(f"wrote {output} (trial {trial.number}, off by {written['max_abs_error']:.1e} at most)")


MODEL_FORMATS: dict[str, Callable[[Layout, FrozenTrial, Path], None]] = {
    "state_dict": write_state_dict,
    "rtneural": write_rtneural,
}
