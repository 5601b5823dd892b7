"""Bookkeeping of thousands of one-epoch trials whose training costs nothing.

Seconds a trial, memory of the driver at 100, 1,000 and 10,000 trials, size of the journal, and the
time to resume and to open each verb. The slots are logical cores: their processes share the real
ones, and each holds some 0.3 GB, so lower ``--slots`` where memory is short.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import report
from benchmarks.contestants import NAME, OURS, Contestant, Sweep
from benchmarks.observe import Run, environment, watch
from benchmarks.report import Figure

PART = "scale"
RAY = Contestant("ray_tune", "ours", "best")
MEMORY_AT = (100, 1_000, 10_000)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--trials", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--ray-trials", type=int, default=1_000, help="of Ray Tune; 0 for none")
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds of one sweep")
    return parser


def watched(contestant: Contestant, sweep: Sweep, directory: Path, limit_s: float) -> Run:
    """Run a sweep to its end."""
    return watch(
        contestant.command(sweep, directory),
        contestant.record(sweep, directory),
        lambda _: False,
        limit_s,
        env=environment(sweep.workload),
        memory_at=MEMORY_AT,
    )


def seconds_a_trial(run: Run, sweep: Sweep) -> float | None:
    """Return the seconds between results, once every slot has given its first."""
    steady = [at for at, _ in run.results[sweep.slots :]]
    complete = len(run.results) >= sweep.trials and len(steady) > 1
    return (steady[-1] - steady[0]) / (len(steady) - 1) if complete else None


def run_figures(contestant: Contestant, run: Run, sweep: Sweep) -> Iterator[Figure]:
    """Yield speed and memory of a sweep."""
    name, value = contestant.label, seconds_a_trial(run, sweep)
    yield Figure(PART, f"{sweep.trials} trials, time a trial", name, "s", [value])
    yield Figure(PART, f"{sweep.trials} trials, whole sweep", name, "s", [run.wall_s])
    for count, memory_mb in run.memory_mb.items():
        case = f"driver at {count} of {sweep.trials} trials"
        yield Figure(PART, case, name, "MB", [memory_mb])


def resume_s(sweep: Sweep, directory: Path, limit_s: float) -> float | None:
    """Extend a finished sweep by a trial; return the seconds until its result."""
    ours = Contestant(OURS)
    command = ours.command(replace(sweep, trials=sweep.trials + 1), directory)
    place = command.index("--name")
    command[place : place + 2] = ["--resume", NAME]
    seed, epochs = command.index("--seed"), command.index("--epochs")
    for index in sorted((seed, epochs), reverse=True):
        del command[index : index + 2]
    known = sweep.trials
    env = environment(sweep.workload)

    def enough(run: Run) -> bool:
        return len(run.results) > known

    run = watch(command, ours.record(sweep, directory), enough, limit_s, env=env)
    return run.results[known][0] if enough(run) else None


def verbs(directory: Path, workload: str) -> dict[str, list[str]]:
    """Return what to type to look at a sweep with each verb."""
    results = ["--results", str(directory)]
    sweep = [workload, "--sweep", NAME, *results]
    return {
        "watch": [NAME, "--once", *results],
        "compare": [NAME, "--top", "10", *results],
        "export": [*sweep, "--top", "10"],
        "report": sweep,
    }


def verb_s(verb: str, arguments: list[str], workload: str) -> float:
    """Return the seconds that a verb takes."""
    start = time.perf_counter()
    command = [sys.executable, "-m", f"tune.{verb}", *arguments]
    env = environment(workload)
    subprocess.run(command, check=True, capture_output=True, env=env)
    return time.perf_counter() - start


def sweep_figures(sweep: Sweep, directory: Path, limit_s: float) -> Iterator[Figure]:
    """Yield everything about one of our sweeps."""
    run = watched(Contestant(OURS), sweep, directory, limit_s)
    yield from run_figures(Contestant(OURS), run, sweep)
    size_mb = Contestant(OURS).record(sweep, directory).stat().st_size / 1e6
    yield Figure(PART, f"{sweep.trials} trials, journal", OURS, "MB", [size_mb])
    case = f"{sweep.trials} trials, resume to the next result"
    yield Figure(PART, case, OURS, "s", [resume_s(sweep, directory, limit_s)])
    for verb, arguments in verbs(directory, sweep.workload).items():
        value = verb_s(verb, arguments, sweep.workload)
        yield Figure(PART, f"{sweep.trials} trials, {verb}", OURS, "s", [value])


def main() -> None:
    """Measure our sweeps, and Ray Tune's."""
    options = parser().parse_args()
    for trials in options.trials:
        sweep = Sweep("costless", trials, 1, 0, options.slots)
        with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
            figures = sweep_figures(sweep, Path(scratch), options.limit)
            report.add(options.output, figures)
    if options.ray_trials:
        sweep = Sweep("costless", options.ray_trials, 1, 0, options.slots)
        with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
            run = watched(RAY, sweep, Path(scratch), options.limit)
            report.add(options.output, run_figures(RAY, run, sweep))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
