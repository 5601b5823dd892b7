"""Runs all parts, one after the other, each in a process of its own, and prints the table.

``--short`` runs each at its smallest, to see that it works: minutes instead of a day.
"""

import subprocess
import sys

from benchmarks import report
from benchmarks.observe import ROOT

#: Every part, with the options that shorten it.
PARTS = {
    "start": "--repeats 1 --caches warm",
    "epoch_speed": "--rounds 1",
    "overhead": "--lengths 0.5 --trials 8 --repeats 1",
    "time_to_target": "--seeds 1 --limit 60 --settings informed --after 30 60",
    "scale": "--trials 100 --ray-trials 100 --slots 4",
    "decisions": "--workers 10 --seeds 2 --trials 30",
    "gpu": "--workloads edc --shares 0.5 --trials 4",
}


def main() -> None:
    """Run every part."""
    parser = report.parser(__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for part in options.parts:
        arguments = PARTS[part].split() if options.short else []
        command = [sys.executable, "-m", f"benchmarks.{part}", *arguments]
        subprocess.run([*command, "--output", str(options.output.resolve())], check=True, cwd=ROOT)
    print(report.table(report.read(options.output)))


if __name__ == "__main__":
    main()
