"""Full learning curves of random configurations: recorded once, replayed in ``decisions``.

A configuration is drawn at random from the workload's space and trained to the last epoch, however
poor it is. Each lies in a file of its own while recording, so that a recording that was stopped
goes on where it was; ``pack`` makes one compressed table of them for ``benchmarks/data``.
"""

import json
import lzma
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import optuna

from tune import data, records, workloads
from tune.errors import TrialFailure
from tune.seeding import derive
from tune.workloads import Space

DATA = Path(__file__).parent / "data"
DIGITS = 5  # of a recorded number that count


@dataclass(frozen=True)
class Curve:
    """What a configuration did.

    Attributes:
        params: Values by ``<group>/<argument>``.
        values: The objective of every epoch, not the best so far.
        seconds: What every epoch took of one core, whatever else ran; if the training failed, the
            failing one as well.
        failed: Why the training failed, or None.
    """

    params: Mapping[str, Any]
    values: Sequence[float]
    seconds: Sequence[float]
    failed: str | None


@dataclass(frozen=True)
class Recording:
    """What is recorded: a workload's configurations, and for how many epochs."""

    workload: str
    epochs: int
    configurations: int
    fixed: Mapping[str, Any]
    directory: Path

    def place(self, number: int) -> Path:
        """Return the file of a configuration."""
        return self.directory / f"{number:05d}.json"


def drawn(space: Space, number: int) -> dict[str, Any]:
    """Draw the configuration of that number at random."""
    sampler = optuna.samplers.RandomSampler(seed=derive(number) % 2**32)
    trial = optuna.create_study(sampler=sampler).ask()
    space.declare(trial)
    return trial.params


def record(recording: Recording, processes: int) -> None:
    """Train every configuration that is not recorded yet, in separate processes."""
    recording.directory.mkdir(parents=True, exist_ok=True)
    missing = [n for n in range(recording.configurations) if not recording.place(n).exists()]
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for number in pool.map(_record_one, [recording] * len(missing), missing):
            print(f"{recording.workload}: recorded configuration {number}", flush=True)


def _record_one(recording: Recording, number: int) -> int:
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    params = drawn(workloads.space(recording.workload), number)
    records.write_json(recording.place(number), asdict(learn(recording, params, number)))
    return number


def learn(recording: Recording, params: Mapping[str, Any], number: int) -> Curve:
    """Train one configuration to its last epoch.

    Args:
        recording: How long, and on which workload.
        params: The configuration.
        number: Its number, from which its seed derives.

    Returns:
        Its curve; as far as it came, if the training failed.
    """
    from tune.training import Plan, Training

    config = {**params, **recording.fixed}
    plan = Plan(recording.epochs, derive(0, number), patience=recording.epochs + 1)
    loaded = data.load(recording.workload, None, config)
    training = Training(workloads.get(recording.workload), config, loaded, plan)
    seconds: list[float] = []
    failed = None
    while training.ended is None and failed is None:
        start = time.process_time()
        try:
            training.epoch()
        except TrialFailure as failure:
            failed = str(failure)
        seconds.append(_rounded(time.process_time() - start))
    values = [_rounded(row["value"]) for row in training.history]
    return Curve(params, values, seconds, failed)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def recorded(recording: Recording) -> Iterator[Curve]:
    """Yield the curves recorded so far, in order."""
    for number in range(recording.configurations):
        if recording.place(number).exists():
            yield Curve(**json.loads(recording.place(number).read_text("utf-8")))


def pack(recording: Recording, path: Path) -> None:
    """Write the curves recorded so far as one compressed table."""
    content = {"workload": recording.workload, "epochs": recording.epochs}
    content |= {"fixed": dict(recording.fixed)}
    content |= {"curves": [asdict(curve) for curve in recorded(recording)]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(json.dumps(content, separators=(",", ":")).encode()))


def read(path: Path) -> list[Curve]:
    """Read the curves of a table.

    Args:
        path: As ``pack`` wrote it.

    Returns:
        The curves, in order.

    Raises:
        FileNotFoundError: If it was not recorded; names the command that does.
    """
    if not path.exists():
        again = "python -m benchmarks.decisions --record"
        raise FileNotFoundError(f"there is no table of curves at {path}; make it with: {again}")
    return [Curve(**curve) for curve in json.loads(lzma.decompress(path.read_bytes()))["curves"]]
