"""Where the trials of a sweep appear beside its own files: ``--tensorboard --mlflow --wandb``.

What a flag needs is imported only where it is given.
"""

import argparse
import os
from collections.abc import Iterator
from importlib.util import find_spec

from tune.errors import UserError
from tune.sweep import Sweep
from tune.tracking import Tracker, name

PACKAGES = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}
#: A server that is gone must not hold up the trials for long, and nobody is to be told of them.
MLFLOW_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
FAREWELL_S = 60  # that the end of a sweep waits for uploads to Weights & Biases


def check(options: argparse.Namespace) -> None:
    """Check that what is asked for is installed, and answers.

    Args:
        options: The parsed command line of ``tune.run``.

    Raises:
        UserError: If not.
    """
    for flag in PACKAGES:
        if vars(options)[flag] not in (None, False):
            check_installed(flag)
    for key, value in MLFLOW_ENVIRONMENT.items():  # it must be there before MLflow's first import
        os.environ.setdefault(key, value)
    if options.mlflow:
        from tune import mlflow_runs

        mlflow_runs.check_answers(options.mlflow)
    if options.wandb:
        _check_signed_in()


def check_installed(flag: str) -> None:
    """Check that the package of a flag is installed.

    Args:
        flag: Of ``PACKAGES``.

    Raises:
        UserError: If it is not; names the extra that brings it.
    """
    spec = find_spec(PACKAGES[flag])
    if spec is None or spec.origin is None:  # a folder of that name is no package
        raise UserError(f"--{flag} needs a package: pip install 'soundsweep[{flag}]'")


def _check_signed_in() -> None:
    from ray.air.integrations.wandb import WandbLoggerCallback

    try:
        WandbLoggerCallback("any").setup()
    except ValueError as error:
        remedy = "run `wandb login`, or set WANDB_API_KEY or WANDB_MODE=offline"
        raise UserError(f"--wandb needs a key; {remedy}") from error


def chosen(options: argparse.Namespace, sweep: Sweep) -> Iterator[Tracker]:
    """Yield what follows a sweep.

    Args:
        options: The parsed command line of ``tune.run``, checked.
        sweep: The sweep.

    Yields:
        A callback for Ray Tune for each flag.
    """
    if options.tensorboard:
        from tune.tensorboard import TensorBoard

        yield Tracker("--tensorboard", TensorBoard(), sweep, (OSError,))
    if options.mlflow is not None:
        yield _mlflow(options.mlflow, sweep)
    if options.wandb:
        yield _wandb(options.wandb, sweep)


def _mlflow(uri: str, sweep: Sweep) -> Tracker:
    from mlflow import MlflowException

    from tune.mlflow_runs import ContinuedRuns, store

    runs = ContinuedRuns(uri or store(sweep.layout), name(sweep.layout))
    return Tracker("--mlflow", runs, sweep, (MlflowException, OSError))


def _wandb(project: str, sweep: Sweep) -> Tracker:
    from ray.air.integrations.wandb import WandbLoggerCallback
    from ray.exceptions import RayError

    results = sweep.layout.directory.resolve().parents[1]
    logger = WandbLoggerCallback(
        project,
        upload_timeout=FAREWELL_S,
        dir=str(results),  # in `wandb/`; a link in it leads out, which no sweep may hold
        resume="allow",  # a resumed trial goes on in its run
    )
    return Tracker("--wandb", logger, sweep, (OSError, RayError))
