"""Wall time of a sweep over its ideal, for trials of 0.5, 5 and 30 seconds.

A trial takes so many seconds of one core, whatever else runs, and computes nothing else. The ideal
is trials x seconds / slots. Two ratios are told: of the whole command, and without its start and
its end, from the first epoch result to the last, in which each slot's first epoch is missing.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.contestants import Contestant, Sweep, contestants
from benchmarks.observe import Run, environment, watch
from benchmarks.report import Figure

PART = "overhead"
#: One configuration for all, so that none is stopped for being worse than another.
ALIKE = {"model/x": 1.0, "model/y": 0.1, "model/kind": "a"}


@dataclass(frozen=True)
class Length:
    """How long a trial is, and how many make a sweep of a minute or more."""

    seconds: float
    epochs: int
    trials: int


LENGTHS = (Length(0.5, 1, 120), Length(5.0, 5, 24), Length(30.0, 10, 12))


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--lengths", nargs="+", type=float, default=[0.5, 5.0, 30.0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--trials", type=int, help="of a sweep; default 120, 24 and 12")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds of one run")
    return parser


def watched(contestant: Contestant, length: Length, slots: int, limit_s: float) -> Run:
    """Run a sweep of trials that take ``length``."""
    fixed = ALIKE | {"model/epoch_s": length.seconds / length.epochs}
    sweep = Sweep("costless", length.trials, length.epochs, 0, slots, fixed)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        directory = Path(scratch)
        command, record = contestant.command(sweep, directory), contestant.record(sweep, directory)
        env = environment(sweep.workload)
        return watch(command, record, lambda _: False, limit_s, env=env)


def ratios(run: Run, length: Length, slots: int) -> tuple[float | None, float | None]:
    """Return the ratio of the whole command and of what lies between first and last result."""
    expected = length.trials * length.epochs
    if len(run.results) < expected:
        return None, None
    epoch_s = length.seconds / length.epochs
    between = run.results[-1][0] - run.results[0][0]
    ideal_between = (len(run.results) - slots) * epoch_s / slots
    return run.wall_s / (expected * epoch_s / slots), between / ideal_between


def figures(contestant: Contestant, options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the ratios of a contestant for every length of a trial."""
    for length in LENGTHS:
        if length.seconds not in options.lengths:
            continue
        asked = Length(length.seconds, length.epochs, options.trials or length.trials)
        runs = [
            watched(contestant, asked, options.slots, options.limit)
            for _ in range(options.repeats)
        ]
        pairs = [ratios(run, asked, options.slots) for run in runs]
        for name, values in zip(
            ("command", "between results"), zip(*pairs, strict=True), strict=True
        ):
            case = f"{asked.trials} trials of {asked.seconds:g} s, {name}"
            yield Figure(PART, case, contestant.label, "x ideal", values)


def main() -> None:
    """Measure every contestant."""
    options = parser().parse_args()
    for contestant in contestants(("ours",), ("best",)):
        report.add(options.output, figures(contestant, options))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
