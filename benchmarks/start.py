"""From the command to the first epoch result, with cold and warm caches; and ``--help``.

Cold means that no prepared data exist. What the operating system keeps in memory of the installed
packages cannot be dropped without being root, so one unmeasured run comes first.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import report
from benchmarks.contestants import OURS, Contestant, Sweep, contestants
from benchmarks.observe import ROOT, Run, environment, watch
from benchmarks.report import Figure

PART = "start"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--workload", default="edc")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of one run")
    parser.add_argument("--caches", nargs="+", choices=["cold", "warm"], default=["cold", "warm"])
    return parser


def first_result(
    contestant: Contestant, workload: str, cache: Path, limit_s: float
) -> float | None:
    """Return the seconds from the command to the first epoch result, if there was one in time."""
    sweep = Sweep(workload)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        directory = Path(scratch)
        command, record = contestant.command(sweep, directory), contestant.record(sweep, directory)
        env = environment(workload) | {"SOUNDSWEEP_CACHE": str(cache)}

        def enough(run: Run) -> bool:
            return bool(run.results)

        run = watch(command, record, enough, limit_s, env=env)
    return run.results[0][0] if run.results else None


def help_s() -> float:
    """Return the seconds that ``--help`` takes."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tune.run", "--help"]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def figures(contestant: Contestant, options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the start of a contestant with each kind of cache."""
    for kind in options.caches:
        times = []
        with tempfile.TemporaryDirectory(prefix="benchmark-cache-") as scratch:
            for repeat in range(options.repeats + 1):
                cache = Path(scratch) / (str(repeat) if kind == "cold" else "shared")
                arguments = options.workload, cache, options.limit
                times.append(first_result(contestant, *arguments))
        case = f"{options.workload}, first epoch result, {kind} cache"
        yield Figure(PART, case, contestant.label, "s", times[1:])


def main() -> None:
    """Measure every contestant."""
    options = parser().parse_args()
    help_s()
    times = [help_s() for _ in range(options.repeats)]
    report.add(options.output, [Figure(PART, "--help", OURS, "s", times)])
    for contestant in contestants(("ours",), ("plain", "best")):
        report.add(options.output, figures(contestant, options))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
