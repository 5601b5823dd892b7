"""The report as one HTML page that needs nothing but itself."""

import base64
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from tune import report_tables
from tune.figures_interactive import Interactive
from tune.following import Snapshot
from tune.pictures import Drawn

TEMPLATE = Path(__file__).with_name("report_page.html")


def render(sweep: Snapshot, drawn: Sequence[Drawn], interactive: Interactive | None) -> str:
    """Write the page of a sweep.

    Every name, reason and value is escaped: a sweep may come from somebody else.

    Args:
        sweep: The sweep.
        drawn: Its pictures.
        interactive: Those that answer to the mouse, or None.

    Returns:
        HTML.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    standings = sweep.standings()
    pair = [report_tables.baseline(standings), standings[0] if standings else None]
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        name=sweep.name,
        state=sweep.state().partition(" ")[0],
        written=f"{datetime.now():%Y-%m-%d %H:%M}",
        tiles=report_tables.tiles(sweep, pair),
        comparison=report_tables.comparison(sweep, pair),
        configuration=report_tables.configuration(pair),
        commands=report_tables.commands(sweep),
        pictures=[(each, data_uri(each.path)) for each in drawn],
        interactive=interactive,
        trials=report_tables.trials(sweep),
        failures=report_tables.failures(sweep.ended),
        provenance=report_tables.provenance(sweep),
    )


def data_uri(path: Path | None) -> str:
    """Return a PNG as part of a page; nothing for None."""
    if path is None:
        return ""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
