"""How good the decisions of a sweep are: regret against time, by replaying recorded curves.

``--record`` trains random configurations to their last epoch and keeps their learning curves
(resumable; hours). Without it, sweeps are replayed on the curves in ``benchmarks/data``. The
regret is the best value seen so far above the best of the whole table, as a share of how far the
table's median configuration comes above it. The time unit is what random search needs for as many
trials.
"""

import argparse
import dataclasses
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import optuna

from benchmarks import curves, report
from benchmarks.contestants import OURS
from benchmarks.curves import Curve, Recording
from benchmarks.replay import METHODS, Replay
from benchmarks.report import Figure
from tune import workloads
from tune.arguments import assignment

PART = "decisions"
TAKEN_BACK = "decisions taken back"  # what each of soundsweep's own is worth
SHARES = (0.1, 0.25, 0.5, 1.0)  # of random search's time
#: Whose curves lie in ``benchmarks/data``, recorded with ``--set data/quick=true``.
RECORDED = ("companion_dynamics", "companion_groove", "companion_harmony")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--workloads", nargs="+", default=RECORDED)
    parser.add_argument("--data", type=Path, default=curves.DATA, help="where the tables lie")
    parser.add_argument("--processes", type=int, default=2)
    recording = parser.add_argument_group("recording")
    recording.add_argument("--record", action="store_true")
    recording.add_argument("--configurations", type=int, default=200)
    recording.add_argument("--epochs", type=int, help="default: those of the workload's budget")
    recording.add_argument(
        "--set", dest="fixed", action="append", type=assignment, default=[], metavar="KEY=VALUE"
    )
    recording.add_argument("--scratch", type=Path, default=Path("results/curves"))
    replaying = parser.add_argument_group("replaying")
    replaying.add_argument("--workers", nargs="+", type=int, default=[1, 10, 100, 1000])
    replaying.add_argument("--trials", type=int, default=100, help="of a sweep")
    replaying.add_argument("--seeds", type=int, default=50)
    replaying.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    return parser


@dataclasses.dataclass(frozen=True)
class Case:
    """The sweeps of one figure: a table, a method and a number of workers."""

    workload: str
    table: Path
    method: str
    workers: int
    trials: int


def scale(table: Sequence[Curve]) -> tuple[float, float]:
    """Return the best value of a table, and how far above it the median configuration ends."""
    finals = sorted(min(curve.values) for curve in table if curve.values)
    return finals[0], statistics.median(finals) - finals[0]


def horizon(table: Sequence[Curve], trials: int, workers: int) -> float:
    """Return the seconds that so many trials take when none is stopped."""
    each = [sum(curve.seconds) for curve in table]
    return max(max(each), statistics.mean(each) * trials / workers)


def regrets(case: Case, seed: int) -> list[float | None]:
    """Replay one sweep.

    Args:
        case: What to replay.
        seed: Of the search.

    Returns:
        The regret after each of ``SHARES``; None before the first epoch.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    table, space = curves.read(case.table), workloads.space(case.workload)
    trials = min(case.trials, len(table))
    epochs = max(len(curve.values) for curve in table)
    budget = dataclasses.replace(space.budget, trials=trials, epochs=epochs)
    seen = list(Replay(METHODS[case.method], table, space, budget, seed).run(case.workers))
    best, width = scale(table)
    end_s = horizon(table, trials, case.workers)
    found: list[float | None] = []
    for share in SHARES:
        value = min((each for at, each in seen if at <= share * end_s), default=None)
        found.append(None if value is None else (value - best) / width)
    return found


def figures(case: Case, rows: Sequence[Sequence[float | None]]) -> Iterator[Figure]:
    """Yield the regrets of a method, one a seed, after each share of random search's time."""
    parts = (PART, TAKEN_BACK) if case.method == OURS else (PART,)
    if METHODS[case.method].taken_back:
        parts = (TAKEN_BACK,)
    for share, values in zip(SHARES, zip(*rows, strict=True), strict=True):
        name = f"{case.workload}, {case.workers} workers, after {share:.0%} of the time"
        yield from (Figure(part, name, case.method, "regret", values) for part in parts)


def record(options: argparse.Namespace) -> None:
    """Record the curves of every workload asked for, and pack them."""
    for name in options.workloads:
        epochs = options.epochs or workloads.space(name).budget.epochs
        place = options.scratch / name
        fixed = dict(options.fixed)
        recording = Recording(name, epochs, options.configurations, fixed, place)
        curves.record(recording, options.processes)
        curves.pack(recording, options.data / f"{name}.json.xz")


def replay(options: argparse.Namespace) -> None:
    """Replay every method on every table."""
    seeds = range(options.seeds)
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for name, workers, method in product(options.workloads, options.workers, options.methods):
            table = options.data / f"{name}.json.xz"
            case = Case(name, table, method, workers, options.trials)
            rows = list(pool.map(regrets, [case] * len(seeds), seeds))
            report.add(options.output, figures(case, rows))
    report.show(options.output, PART)
    report.show(options.output, TAKEN_BACK)


def main() -> None:
    """Record or replay."""
    options = parser().parse_args()
    if options.record:
        record(options)
    else:
        replay(options)


if __name__ == "__main__":
    main()
