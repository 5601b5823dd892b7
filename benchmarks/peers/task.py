"""What every peer is asked to do: the command line, and one trial's training.

A trial trains either through our own ``Training`` (style ``ours``: what is compared is the engine
alone) or as the original scripts do (style ``original``: a loop over a ``DataLoader``, and a
checkpoint every epoch). Failed trials raise; the peers record them as they please.
"""

import argparse
import dataclasses
import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.contestants import SETTINGS, STYLES
from tune import workloads
from tune.arguments import assignment


@dataclasses.dataclass(frozen=True)
class Task:
    """One sweep.

    Attributes:
        workload: Its name.
        style: How a trial trains: ``ours`` or ``original``.
        settings: Of the peer, one of ``contestants.SETTINGS``.
        trials: How many.
        epochs: Most of a trial.
        slots: Trials side by side.
        seed: Of the sweep.
        fixed: Values that are not searched.
        directory: For everything that is written.
    """

    workload: str
    style: str
    settings: str
    trials: int
    epochs: int
    slots: int
    seed: int
    fixed: Mapping[str, Any]
    directory: Path

    @property
    def events(self) -> Path:
        """One line an epoch: wall-clock time in s, objective."""
        return self.directory / "events.txt"

    @property
    def best(self) -> bool:
        """Whether the peer runs with its best settings."""
        return self.settings != "plain"

    def points(self) -> list[dict[str, Any]]:
        """Return the configurations that soundsweep tries first, if the peer is told of them."""
        space = workloads.space(self.workload)
        known = (space.baseline, *space.presets) if self.settings == "informed" else ()
        return [dict(point) for point in known]

    def plain(self) -> dict[str, Any]:
        """Return plain values, from which ``Task.read`` makes the task again."""
        return dataclasses.asdict(self) | {"directory": str(self.directory)}

    @staticmethod
    def read(values: Mapping[str, Any]) -> "Task":
        """Make a task from plain values."""
        return Task(**{**values, "directory": Path(values["directory"])})


def parse(doc: str | None) -> Task:
    """Read a peer's command line.

    Args:
        doc: What the peer's module says of itself.

    Returns:
        The task.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("workload", choices=workloads.NAMES)
    parser.add_argument("--style", choices=STYLES, default="ours")
    parser.add_argument("--settings", choices=SETTINGS, default="plain")
    for name, default in (("trials", 24), ("epochs", 40), ("slots", 2), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--set", dest="fixed", action="append", type=assignment, default=[], metavar="KEY=VALUE"
    )
    parser.add_argument("--directory", type=Path, required=True)
    options = vars(parser.parse_args())
    options["directory"] = options["directory"].resolve()
    options["directory"].mkdir(parents=True, exist_ok=True)
    return Task(**options | {"fixed": dict(options["fixed"])})


def train(task: Task, searched: Mapping[str, Any]) -> Iterator[float]:
    """Train one configuration.

    Args:
        task: The sweep it belongs to.
        searched: Values by ``<group>/<argument>``.

    Yields:
        After every epoch, the best objective so far.

    Raises:
        TrialFailure: If the objective is not finite.
    """
    import torch  # here, since the driver of a peer needs none of this

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    config = {**searched, **task.fixed}
    epochs = _ours(task, config) if task.style == "ours" else _original(task, config)
    best = math.inf
    for value in epochs:
        best = min(best, value)
        with task.events.open("a") as file:
            file.write(f"{time.time()} {best}\n")
        yield best


def _ours(task: Task, config: Mapping[str, Any]) -> Iterator[float]:
    from tune import data
    from tune.training import Plan, Training

    workload = workloads.get(task.workload)
    plan = Plan(task.epochs, task.seed, workload.space.budget.patience)
    training = Training(workload, config, data.load(task.workload, None, config), plan)
    while training.ended is None:
        yield training.epoch()["value"]


def _original(task: Task, config: Mapping[str, Any]) -> Iterator[float]:
    import torch

    from benchmarks.loops import Loop, loaded
    from tune import data

    torch.manual_seed(task.seed)
    arguments = data.load(task.workload, None, config), task.epochs, loaded
    loop = Loop(workloads.get(task.workload), config, *arguments)
    checkpoint = task.directory / f"{_name(config)}.pt"
    for _ in range(task.epochs):
        value = loop.epoch()
        state = {"model": loop.model.state_dict(), "optimiser": loop.optimiser.state_dict()}
        torch.save(state, checkpoint)
        yield value


def _name(config: Mapping[str, Any]) -> str:
    """Name the checkpoint of a configuration."""
    import hashlib

    return hashlib.sha256(json.dumps(dict(config), sort_keys=True).encode()).hexdigest()[:16]
