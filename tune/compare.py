"""Compare trials of sweeps and other runs, of any workload: ``python -m tune.compare [WHAT ...]``.

WHAT is a sweep (NAME or WORKLOAD/NAME), some of its trials (NAME:7 or NAME:0,7), or a directory of
run folders: what tune.evaluate leaves, or predictions.npy beside targets.npy, with or without a
metadata.json, as older projects left them. Trials are ranked by the objective, or by a metric at
their best epoch; runs are scored again from their arrays; failed ones come last. Then follows what
is complete. What cannot be read is named with the reason, and hides no other. Reads only.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tune import comparison, finding, following, ranking
from tune.arguments import Parser, add_results, positive
from tune.audit import Audit, Completeness, audit
from tune.errors import UserError, answer
from tune.layout import Layout
from tune.ranking import Entry


@dataclass
class Found:
    """What is compared.

    Attributes:
        entries: Trials and runs.
        sweeps: An audit of each sweep.
        runs: An audit of each run folder.
        broken: A line for each sweep that cannot be read.
    """

    entries: list[Entry] = field(default_factory=list)
    sweeps: list[Completeness] = field(default_factory=list)
    runs: list[Audit] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def complete(self) -> str:
        """Return how many trials and runs are complete."""
        trials = sum(each.complete for each in self.sweeps)
        runs = sum(each.complete for each in self.runs)
        asked = sum(each.asked for each in self.sweeps) + len(self.runs)
        return f"{trials + runs}/{asked} complete"


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.compare", description=__doc__)
    what_help = "sweep, trials or directory; without any, all sweeps"
    parser.add_argument("what", nargs="*", metavar="WHAT", help=what_help)
    sort_help = "objective (default) or a metric; the best come first"
    parser.add_argument("--sort-by", default="objective", metavar="METRIC", help=sort_help)
    parser.add_argument("--top", type=positive, metavar="N", help="rows to show (default all)")
    csv_help = "write what is shown there, too; a directory gets runs_comparison_<time>.csv"
    parser.add_argument("--csv", type=Path, metavar="PATH", help=csv_help)
    parser.add_argument("--json", type=Path, metavar="PATH", help="the same as JSON")
    summary_help = "write only what counts, as CSV; a directory gets results_summary.csv"
    parser.add_argument("--summary", type=Path, metavar="PATH", help=summary_help)
    add_results(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    return answer(lambda: compare(options))


def compare(options: argparse.Namespace) -> int:
    """Show and write what the command line asks for; return the exit code."""
    found = read(options.results, options.what)
    shown = ranking.ranked(found.entries, options.sort_by)[: options.top]
    show(found, shown, options.sort_by)
    if options.csv:
        comparison.write_csv(shown, options.csv)
    if options.json:
        comparison.write_json(shown, options.json)
    if options.summary:
        comparison.write_summary(shown, options.summary)
    print(found.complete())
    return 0


def read(results: Path, names: Sequence[str]) -> Found:
    """Read what the user named, or all sweeps.

    Args:
        results: Where sweeps lie.
        names: Sweeps, trials and directories.

    Returns:
        All of it.

    Raises:
        UserError: If something named is not there, or there is no sweep at all.
    """
    found = Found()
    if not names:
        finding.newest(results)  # complains if there is none
        for place in finding.sweeps(results):
            add_sweep(found, place)
    for name in dict.fromkeys(names):
        start, colon, numbers = name.partition(":")
        directory = Path(start)
        if not directory.is_dir():
            add_sweep(found, finding.find(results, start), _numbers(name, colon, numbers))
        elif finding.is_sweep(directory):
            add_sweep(found, Layout(directory.resolve()), _numbers(name, colon, numbers))
        else:
            add_runs(found, directory)
    return found


def _numbers(name: str, colon: str, text: str) -> set[int] | None:
    """Read which trials are meant; None is all of them."""
    if not colon:
        return None
    if not all(number.isdecimal() for number in text.split(",")):
        raise UserError(f"trials of a sweep must be given as NAME:0,7, got {name}")
    return set(map(int, text.split(",")))


def add_sweep(found: Found, place: Layout, numbers: set[int] | None = None) -> None:
    """Add the trials of a sweep and its audit, or a line about why it cannot be read.

    Args:
        found: Takes them.
        place: The sweep.
        numbers: Of the trials to add; all of them without it.

    Raises:
        UserError: If there is no trial of such a number.
    """
    try:
        with following.named(place.directory):
            sweep = following.read(place)
            entries, counts = ranking.entries(sweep), audit(sweep)
    except UserError as error:
        found.broken.append(f"{finding.full_name(place)}: {error}")
        return
    missing = (numbers or set()) - {entry.row["number"] for entry in entries}
    if missing:
        raise UserError(f"sweep {sweep.name} has no trial {min(missing)}")
    found.entries += [each for each in entries if not numbers or each.row["number"] in numbers]
    found.sweeps.append(counts)


def add_runs(found: Found, directory: Path) -> None:
    """Add the run folders of a directory, scored again from their arrays."""
    from tune import run_entries  # here, since trials are compared without torch

    entries, audits = run_entries.read(directory)
    found.entries += entries
    found.runs += audits


def show(found: Found, shown: Sequence[Entry], metric: str) -> None:
    """Print the ranked trials and runs, the audits, and what could not be read."""
    console = comparison.console()
    console.print(comparison.trials(shown, metric))
    if found.sweeps:
        console.print(comparison.of_sweeps(found.sweeps))
    if found.runs:
        console.print(comparison.of_runs(found.runs))
    for line in found.broken:
        print(f"unreadable: {line}")


if __name__ == "__main__":
    raise SystemExit(main())
