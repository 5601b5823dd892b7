"""Let a generating model write examples of what it has learnt."""

from pathlib import Path

import torch
from optuna.trial import FrozenTrial

from tune import workloads
from tune.errors import UserError
from tune.layout import Layout
from tune.restoring import restore
from tune.routing import named
from tune.seeding import derive


def write_samples(place: Layout, trial: FrozenTrial, directory: Path, count: int) -> None:
    """Write examples by a trial's model, with the random numbers of the trial's seed.

    Args:
        place: The sweep.
        trial: One of its trials.
        directory: Takes the files; made if its parent exists.
        count: How many examples.

    Raises:
        UserError: If the workload generates nothing, or the directory is a file.
    """
    description = place.describe()
    name = description["workload"]
    sample = workloads.get(name).sample
    if sample is None:
        raise UserError(
            f"--sample needs a workload that generates, but models/{name}.py has no sample()"
        )
    if directory.exists() and not directory.is_dir():
        raise UserError(f"--output must be a directory, but {directory} is a file")
    predictor = restore(place, trial.number, trial.params)
    directory.mkdir(exist_ok=True)
    facts = named(sample, predictor.facts | predictor.build_arguments)
    seed = derive(description["seed"], trial.number)
    with torch.no_grad():
        written = sample(predictor.model, directory, count, seed, **facts)
    for path in written:
        print(f"wrote {path} (trial {trial.number})")
