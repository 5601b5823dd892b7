"""Short trainings in processes of their own: what a trial takes, alone and side by side."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any, TypeVar

from tune import hardware

EPOCHS = 5  # at most, after one that warms up
ENOUGH_S = 10.0  # no further epoch begins after this; longer ones need no warming up
LATE_S = 600.0  # a training this far behind the others has died
CUDA_BYTES = 512 * 1024**2  # CUDA's own share of a process, which torch does not count
SEED = 0

Result = TypeVar("Result")
_together: Barrier  # of one process: the trainings begin to be measured at the same time


@dataclass(frozen=True)
class Subject:
    """What is trained to be measured.

    Attributes:
        workload: Its name.
        root: The user's data, or None.
        config: Values by ``<group>/<argument>``.
        epochs: Length of a whole training, which the schedules depend on.
        device: Where it is trained, e.g. ``cpu`` or ``cuda:1``.
    """

    workload: str
    root: Path | None
    config: Mapping[str, Any]
    epochs: int
    device: str = "cpu"


@dataclass(frozen=True)
class Measurement:
    """What one training took.

    Attributes:
        epoch_s: Seconds an epoch.
        busy_cores: CPU seconds a second.
        memory_bytes: Peak memory of its process; data shared with others count in full.
        gpu_bytes: Peak memory on the GPU, CUDA's own share included; 0 on a CPU.
    """

    epoch_s: float
    busy_cores: float
    memory_bytes: int
    gpu_bytes: int = 0


def in_process(function: Callable[[], Result]) -> Result:
    """Return what ``function`` returns in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function).result()


def side_by_side(subject: Subject, count: int, threads: int) -> list[Measurement]:
    """Train the same configuration in several processes at the same time.

    Args:
        subject: What to train.
        count: How many processes.
        threads: Cores of each.

    Returns:
        What each of them took.

    Raises:
        MemoryError: If they do not fit beside each other.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, _enter, (context.Barrier(count),)) as pool:
        futures = [pool.submit(_measure, subject, threads) for _ in range(count)]
        try:
            return [future.result() for future in futures]
        except (BrokenProcessPool, BrokenBarrierError) as error:
            raise MemoryError(f"{count} trainings side by side: one of them died") from error


def _enter(together: Barrier) -> None:
    """Take the barrier in, which a process can only be given at its start."""
    global _together
    _together = together


def _measure(subject: Subject, threads: int) -> Measurement:
    """Train in this process, from the moment on at which the others begin as well."""
    import torch  # here and below, since the process that asks needs none of it

    from tune import data, folds, workloads
    from tune.quiet import libraries_muted
    from tune.training import Plan

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # as a trial does
    try:
        with libraries_muted():
            parts = data.load_folds(subject.workload, subject.root, subject.config)
            plan = Plan(subject.epochs, SEED, device=subject.device)
            workload = workloads.get(subject.workload)
            training = folds.begin(workload, subject.config, parts, plan)
            _together.wait(LATE_S)
            epoch_s, busy_cores = _time(training.epoch)
    except torch.OutOfMemoryError as error:
        _together.abort()
        raise MemoryError(str(error).splitlines()[0]) from error
    gpu_bytes = 0
    if subject.device != "cpu":
        gpu_bytes = torch.cuda.max_memory_reserved(subject.device) + CUDA_BYTES
    return Measurement(epoch_s, busy_cores, hardware.peak_memory_bytes(), gpu_bytes)


def _time(epoch: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds an epoch, and CPU seconds a second; a short first epoch only warms up."""
    spent_s, spent_cpu_s = _stopwatch(epoch)
    epochs = 1
    if spent_s < ENOUGH_S:
        epochs, spent_s, spent_cpu_s = 0, 0.0, 0.0
    while epochs < EPOCHS and spent_s < ENOUGH_S:
        once_s, once_cpu_s = _stopwatch(epoch)
        epochs, spent_s, spent_cpu_s = epochs + 1, spent_s + once_s, spent_cpu_s + once_cpu_s
    return spent_s / epochs, spent_cpu_s / spent_s


def _stopwatch(epoch: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds and the CPU seconds of one epoch."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    epoch()
    return time.perf_counter() - start_s, time.process_time() - start_cpu_s
