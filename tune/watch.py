"""Follow a sweep from another terminal: ``python -m tune.watch [SWEEP]``.

Reads the sweep's files and writes nothing, so it can be started, stopped and repeated at will.
Ctrl+C ends the watching only, with exit code 0. Away from a terminal it prints once.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import datetime

from optuna.trial import FrozenTrial
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from tune import finding, following, live
from tune.arguments import Parser, add_results
from tune.ends import outcome
from tune.errors import UserError, answer
from tune.following import Snapshot
from tune.layout import Layout

REFRESH_S = 2.0
READING_SHARE = 0.1  # of a core, at most: the cores belong to the trials
LATEST_ENDED = 5
LATEST_FAILED = 3


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.watch", description=__doc__)
    sweep_help = "NAME or WORKLOAD/NAME; without it, the sweep worked on last"
    parser.add_argument("sweep", nargs="?", metavar="SWEEP", help=sweep_help)
    parser.add_argument("--once", action="store_true", help="print where it stands, and exit")
    add_results(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    farewell = "stopped watching; the sweep itself is left alone"
    return answer(lambda: watch(options, Console()), farewell, code=0)


def watch(options: argparse.Namespace, console: Console) -> int:
    """Draw the sweep once, or follow it; return the exit code."""
    if options.sweep is None:
        place = finding.newest(options.results)
    else:
        place = finding.find(options.results, options.sweep)
    if options.once or not console.is_terminal:
        console.print(look(place)[1])
    else:
        follow(place, console)
    return 0


def follow(place: Layout, console: Console) -> None:
    """Draw a sweep again and again until it has finished."""
    state = ""
    with Live(console=console, auto_refresh=False) as screen:
        while state != "finished":
            start = time.monotonic()
            try:
                state, drawing = look(place)
            except UserError as error:  # a file may be missing for a moment
                drawing = Text(f"waiting: {error}")
            screen.update(drawing, refresh=True)
            if state != "finished":
                time.sleep(max(REFRESH_S, (time.monotonic() - start) / READING_SHARE))


def look(place: Layout) -> tuple[str, RenderableType]:
    """Read a sweep and draw it.

    Args:
        place: Where it lies.

    Returns:
        Its state, and a drawing of what the driver's own screen shows, together with the state
        and the reasons why the latest trials ended.

    Raises:
        UserError: If a file is missing or broken.
    """
    with following.named(place.directory):
        sweep = following.read(place)
        state = sweep.state()
        running = state == "running"
        heading = [Text(f"sweep {sweep.name}: {state}")]
        heading.append(live.headline(sweep, pace(sweep) if running else ""))
        heading += warnings(sweep) if running else []
        ends = [Text(live.ending(trial), "dim") for trial in latest(sweep.ended)]
        tables = [live.running(sweep)] if sweep.running else []
        tables.append(live.comparison(sweep.space, sweep))
        return state, Group(*heading, *tables, *ends)


def warnings(sweep: Snapshot) -> list[Text]:
    """Return a line for every stalled trial."""
    return [
        Text(f"trial {number} is stalled: no new epoch for {live.clock(waited_s)}", "yellow")
        for number, waited_s in sweep.stalled().items()
    ]


def latest(ended: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that ended last, and the failed ones that did, in order of their end."""
    ordered = sorted(ended, key=lambda trial: trial.datetime_complete or datetime.min)
    failed = [trial for trial in ordered if outcome(trial) == "failed"][-LATEST_FAILED:]
    shown = {trial.number for trial in (*ordered[-LATEST_ENDED:], *failed)}
    return [trial for trial in ordered if trial.number in shown]


def pace(sweep: Snapshot) -> str:
    """Return the time spent and left, by the trials that ended since the driver began."""
    begun = sweep.begun()
    ends = [trial.datetime_complete for trial in sweep.ended]
    done = sum(end is not None and end > begun for end in ends)
    spent_s = (datetime.now() - begun).total_seconds()
    return live.pace(spent_s, done, sweep.trials - len(sweep.ended))


if __name__ == "__main__":
    raise SystemExit(main())
