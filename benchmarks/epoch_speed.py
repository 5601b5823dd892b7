"""Seconds an epoch of ``Training``, of a bare tensor loop and of a ``DataLoader`` loop; memory.

All train the workload's baseline on the same rows, in turns within one process and one thread. CPU
time is told, so that what else the machine does counts as little as can be. The loops are what
somebody would write by hand for this one model (``benchmarks/loops.py``). Peak memory is that of a
fresh process that trains one epoch, Python and torch included.
"""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks import report
from benchmarks.contestants import OURS
from benchmarks.loops import Loop, indexed, loaded
from benchmarks.report import Figure
from tune import data, workloads
from tune.arguments import assignment
from tune.training import Plan, Training

PART = "epoch speed"
SIZES: dict[str, dict[str, Any]] = {"edc": {"data/size": "fast"}}
LOOPS = {"bare loop": indexed, "DataLoader loop": loaded}


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("workload", nargs="*", default=workloads.NAMES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--set", dest="fixed", action="append", type=assignment, default=[], metavar="KEY=VALUE"
    )
    return parser


def epoch_of(contestant: str, name: str, config: dict[str, Any], epochs: int) -> Callable[[], Any]:
    """Return what trains one epoch of a configuration, each time it is called."""
    workload, parts = workloads.get(name), data.load(name, None, config)
    if contestant == OURS:
        plan = Plan(epochs=epochs, seed=0, patience=epochs)
        return Training(workload, config, parts, plan).epoch
    torch.manual_seed(0)
    return Loop(workload, config, parts, epochs, LOOPS[contestant]).epoch


def seconds(epoch: Callable[[], Any]) -> float:
    """Return the CPU time of one epoch."""
    start = time.process_time()
    epoch()
    return time.process_time() - start


def peak_memory_mb(contestant: str, name: str, config: dict[str, Any]) -> float:
    """Train one epoch and return the most memory that this process ever held."""
    torch.set_num_threads(1)
    epoch_of(contestant, name, config, 1)()
    status = Path("/proc/self/status").read_text()  # Linux; getrusage would count the parent's
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def speeds(name: str, config: dict[str, Any], rounds: int) -> Iterator[Figure]:
    """Yield the seconds an epoch of every contestant, after one epoch to warm up."""
    epochs = {each: epoch_of(each, name, config, rounds + 1) for each in (OURS, *LOOPS)}
    for epoch in epochs.values():
        epoch()
    turns = [{each: seconds(epoch) for each, epoch in epochs.items()} for _ in range(rounds)]
    for contestant in epochs:
        times = [turn[contestant] for turn in turns]
        yield Figure(PART, f"{name}, epoch", contestant, "s", times)


def memories(name: str, config: dict[str, Any]) -> Iterator[Figure]:
    """Yield the peak memory of every contestant, each in a fresh process."""
    for contestant in (OURS, *LOOPS):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            peak = pool.submit(peak_memory_mb, contestant, name, config).result()
        yield Figure(PART, f"{name}, peak memory", contestant, "MB", [peak])


def main() -> None:
    """Measure the workloads named, or all."""
    options = parser().parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for name in options.workload:
        baseline = workloads.space(name).baseline
        config = {**baseline, **SIZES.get(name, {}), **dict(options.fixed)}
        report.add(options.output, speeds(name, config, options.rounds))
        report.add(options.output, memories(name, config))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
