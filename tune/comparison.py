"""The tables of a comparison, on the screen and as files."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tune import live, ranking, records
from tune.audit import Audit, Completeness
from tune.errors import UserError
from tune.ranking import Entry

PIPED_WIDTH = 1000  # away from a terminal every trial stays on one line


def console() -> Console:
    """Return where tables are printed."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=PIPED_WIDTH)


def trials(shown: Sequence[Entry], metric: str) -> Table:
    """Draw the ranked trials and runs.

    Args:
        shown: Trials and runs, best first.
        metric: What they are sorted by; has a column even where no target asks for it.

    Returns:
        A row each, with a tick at every target that is met, and with those parameters that are
        not alike in all of them.
    """
    metrics = list(dict.fromkeys(["objective", *ranking.judged(shown), metric]))
    names = ranking.differing(shown)
    table = Table("rank", "sweep", "trial", "scored on", "state", "epochs", *metrics)
    table.add_column("what differs", overflow="fold")
    for rank, entry in enumerate(shown, 1):
        row, met = entry.row, ranking.met(entry)
        cells = [_cell(entry.values.get(name), name in met) for name in metrics]
        params = {name: entry.params[name] for name in names if name in entry.params}
        start = (rank, entry.sweep, row["number"], entry.part, row["state"])
        epochs = "-" if row["epochs"] is None else str(row["epochs"])
        told = [*map(str, start), epochs]
        table.add_row(*map(Text, told), *cells, Text(live.short(params), "dim"))
    return table


def _cell(value: float | None, met: bool) -> Text:
    if value is None:
        return Text("-")
    return Text(f"{value:.4g} ✓", "green") if met else Text(f"{value:.4g}")


def of_sweeps(audits: Sequence[Completeness]) -> Table:
    """Draw how many trials of every sweep have what."""
    table = Table("sweep", "trials", "ended", "metrics.csv", "best.pt", "predictions", "complete")
    for each in audits:
        counts = (each.asked, each.ended, each.with_metrics, each.with_weights)
        table.add_row(each.sweep, *map(str, (*counts, each.predicted, each.complete)))
    return table


def of_runs(audits: Sequence[Audit]) -> Table:
    """Draw what is there of every run folder."""
    table = Table("run", *audits[0].present, "complete")
    table.add_column("note", overflow="fold")
    for each in audits:
        ticks = ["✓" if there else "-" for there in (*each.present.values(), each.complete)]
        table.add_row(Text(each.run), *ticks, Text(each.note))
    return table


def rows(shown: Sequence[Entry]) -> Iterator[records.Row]:
    """Yield every column of the trials and runs, best first."""
    for rank, each in enumerate(shown, 1):
        yield {"rank": rank, "sweep": each.sweep, "scored_on": each.part} | each.row


def summaries(shown: Sequence[Entry]) -> Iterator[records.Row]:
    """Yield of every trial and run only what it is judged by, best first."""
    names = ["objective", *ranking.judged(shown)]
    for row, each in zip(rows(shown), shown, strict=True):
        start = {key: row[key] for key in ("rank", "sweep", "number", "scored_on")}
        yield start | {name: each.values.get(name) for name in names}


def write_csv(shown: Sequence[Entry], path: Path) -> None:
    """Write all columns as CSV; into a directory, under a name with the time."""
    _write(_inside(path, "csv"), records.csv_text(rows(shown)))


def write_json(shown: Sequence[Entry], path: Path) -> None:
    """Write all columns as JSON; into a directory, under a name with the time."""
    text = json.dumps(records.finite(list(rows(shown))), indent=2, allow_nan=False)
    _write(_inside(path, "json"), text + "\n")


def write_summary(shown: Sequence[Entry], path: Path) -> None:
    """Write what trials and runs are judged by as CSV; into a directory, as results_summary."""
    path = path / "results_summary.csv" if path.is_dir() else path
    _write(path, records.csv_text(summaries(shown)))


def _inside(path: Path, suffix: str) -> Path:
    name = f"runs_comparison_{datetime.now():%Y%m%d-%H%M%S}.{suffix}"
    return path / name if path.is_dir() else path


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} must be a directory, but there is none; make it first")
    records.write_text(path, text)
    print(f"wrote {path}")
