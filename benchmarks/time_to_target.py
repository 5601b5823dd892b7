"""Wall time until the best validation objective reaches a target, against every peer.

The clock starts with the command, so that imports, the start of processes and the preparation of
trials count. The cache of prepared data is warm for all.
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import report
from benchmarks.contestants import SETTINGS, STYLES, Contestant, Sweep, contestants
from benchmarks.observe import Run, environment, watch
from benchmarks.report import Figure

PART = "time to target"
TRIALS = 10_000  # as many as fit into the time limit


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--workload", default="edc")
    parser.add_argument("--targets", nargs="+", type=float, default=[1.0, 0.45])
    parser.add_argument("--after", nargs="+", type=float, default=[30.0, 60.0, 120.0, 240.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of one run")
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=STYLES)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--slots", type=int, default=2)
    return parser


def watched(contestant: Contestant, options: argparse.Namespace, seed: int) -> Run:
    """Run a contestant until it reached the lowest target and was seen long enough."""
    sweep = Sweep(options.workload, TRIALS, options.epochs, seed, options.slots)
    long_enough_s = min(max(options.after, default=0.0), options.limit)

    def enough(run: Run) -> bool:
        reached = all(run.reached(target) is not None for target in options.targets)
        return reached and run.results[-1][0] >= long_enough_s

    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        directory = Path(scratch)
        command, record = contestant.command(sweep, directory), contestant.record(sweep, directory)
        env = environment(sweep.workload)
        return watch(command, record, enough, options.limit, env=env)


def figures(
    contestant: Contestant, runs: Iterable[Run], options: argparse.Namespace
) -> Iterator[Figure]:
    """Yield when each target was reached, and how good the best was after each time."""
    runs = list(runs)
    for target in options.targets:
        case = f"{options.workload}, objective <= {target:g}"
        times = [run.reached(target) for run in runs]
        yield Figure(PART, case, contestant.label, "s", times)
    for seconds in options.after:
        if seconds <= options.limit:
            case = f"{options.workload}, best after {seconds:g} s"
            values = [run.best_after(seconds) for run in runs]
            yield Figure(PART, case, contestant.label, "objective", values)


def main() -> None:
    """Measure every contestant, seed by seed in turns, so that all see the same machine."""
    options = parser().parse_args()
    runs: dict[Contestant, list[Run]] = {}
    for seed in range(options.seeds):
        for contestant in contestants(tuple(options.styles), tuple(options.settings)):
            runs.setdefault(contestant, []).append(watched(contestant, options, seed))
            report.add(options.output, figures(contestant, runs[contestant], options))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
