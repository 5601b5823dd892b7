"""Compare trials of sweeps, of one or several workloads: ``python -m tune.compare [SWEEP ...]``.

Trials are ranked by the objective, or by a metric at each trial's best epoch; failed ones come
last. Then follows what is complete of every sweep. A sweep that cannot be read is named with the
reason, and hides no other. Reads only.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tune import finding, following, live, ranking, records
from tune.arguments import Parser, positive
from tune.errors import UserError
from tune.layout import Layout
from tune.ranking import Completeness, Entry

PIPED_WIDTH = 1000  # away from a terminal every trial stays on one line


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.compare", description=__doc__)
    sweeps_help = "NAME or WORKLOAD/NAME; without any, all sweeps"
    parser.add_argument("sweeps", nargs="*", metavar="SWEEP", help=sweeps_help)
    sort_help = "objective (default) or a metric; the best come first"
    parser.add_argument("--sort-by", default="objective", metavar="METRIC", help=sort_help)
    parser.add_argument("--top", type=positive, metavar="N", help="trials to show (default all)")
    parser.add_argument("--csv", type=Path, metavar="PATH", help="write what is shown there, too")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        named = [finding.find(options.results, name) for name in dict.fromkeys(options.sweeps)]
        places = named or finding.sweeps(options.results)
        if not places:
            raise UserError(f"there is no sweep in {options.results}; begin one with tune.run")
        found, audits, broken = read(places)
        shown = ranking.ranked(found, options.sort_by)[: options.top]
        show(shown, audits, options.sort_by)
        for line in broken:
            print(f"unreadable: {line}")
        if options.csv:
            write(shown, options.csv)
        complete = sum(each.complete for each in audits)
        print(f"{complete}/{sum(each.asked for each in audits)} complete")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def read(places: Sequence[Layout]) -> tuple[list[Entry], list[Completeness], list[str]]:
    """Return the trials of all sweeps, an audit of each, and a line for each that is broken."""
    found: list[Entry] = []
    audits, broken = [], []
    for place in places:
        try:
            with following.named(place.directory):
                sweep = following.read(place)
                entries, audit = ranking.entries(sweep), ranking.audit(sweep)
        except UserError as error:
            broken.append(f"{finding.full_name(place)}: {error}")
            continue
        found += entries
        audits.append(audit)
    return found, audits, broken


def show(shown: Sequence[Entry], audits: Sequence[Completeness], metric: str) -> None:
    """Print the ranked trials and the audit."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print(trials(shown, metric))
    columns = ("sweep", "trials", "ended", "metrics.csv", "best.pt", "complete")
    table = Table(*columns)
    for each in audits:
        counts = (each.asked, each.ended, each.with_metrics, each.with_weights, each.complete)
        table.add_row(each.sweep, *map(str, counts))
    console.print(table)


def trials(shown: Sequence[Entry], metric: str) -> Table:
    """Draw the ranked trials.

    Args:
        shown: The trials, best first.
        metric: What they are sorted by; has a column even where no target asks for it.

    Returns:
        A row a trial, with a tick at every target that is met, and with those parameters that
        are not alike in all of them.
    """
    metrics = list(dict.fromkeys(["objective", *ranking.judged(shown), metric]))
    names = ranking.differing(shown)
    table = Table("rank", "sweep", "trial", "state", "epochs", *metrics)
    table.add_column("what differs", overflow="fold")
    for rank, entry in enumerate(shown, 1):
        row, met = entry.row, ranking.met(entry)
        cells = [_cell(entry.values.get(name), name in met) for name in metrics]
        params = {name: entry.params[name] for name in names if name in entry.params}
        start = (rank, entry.sweep, row["number"], row["state"], row["epochs"])
        table.add_row(*map(str, start), *cells, Text(live.short(params), "dim"))
    return table


def _cell(value: float | None, met: bool) -> Text:
    if value is None:
        return Text("-")
    return Text(f"{value:.4g} ✓", "green") if met else Text(f"{value:.4g}")


def write(shown: Sequence[Entry], path: Path) -> None:
    """Write every column of the trials shown.

    Args:
        shown: The trials, best first.
        path: The CSV file.

    Raises:
        UserError: If its directory does not exist.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} must be a directory, but there is none; make it first")
    ranks = enumerate(shown, 1)
    records.write_csv(
        path, [{"rank": rank, "sweep": each.sweep} | each.row for rank, each in ranks]
    )
    print(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(main())
