"""A group of workloads, swept one after the other: ``python -m tune.run companion``.

The sweeps of a group bear one name and begin together on disk: whatever is wrong with one of them
is said before any has run, and all of them know their settings when the group is resumed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tune import choosing, finding, following, layout, live, records, session, workloads
from tune.ends import END
from tune.errors import INTERRUPTED, UserError
from tune.layout import Layout
from tune.lock import driver_lock
from tune.quiet import libraries_muted
from tune.workloads import Space


def run(group: str, options: argparse.Namespace) -> int:
    """Run the sweeps of a group in turn; those that hold all their trials are passed over.

    Args:
        group: One of ``workloads.GROUPS``.
        options: The parsed command line of ``tune.run``; every sweep gets it as it is.

    Returns:
        0, 130 after Ctrl+C, 143 after SIGTERM, or 1 if all trials of a sweep fail the same way;
        the other sweeps are run all the same.

    Raises:
        UserError: If it cannot be done as asked; a new group has written nothing then.
    """
    spaces = [workloads.space(name) for name in workloads.GROUPS[group]]
    if options.resume is None:
        name = begin(group, spaces, options)
    else:
        name = options.resume or newest_unfinished(options.results, group)
    code = _in_turn(spaces, argparse.Namespace(**{**vars(options), "resume": name}))
    places = [Layout(options.results / space.name / name) for space in spaces]
    console = Console()
    console.print(table(places))
    if any(choosing.is_unfinished(place) for place in places):
        console.print("trials to go; continue the group with:", highlight=False)
        console.print(f"  python -m tune.run {group} --resume {name}", highlight=False)
    return code


def begin(group: str, spaces: Sequence[Space], options: argparse.Namespace) -> str:
    """Begin the sweeps of a group on disk, after checking all of them.

    Args:
        group: The group.
        spaces: The spaces of its workloads.
        options: The parsed command line of ``tune.run``.

    Returns:
        The name that all the sweeps bear.

    Raises:
        UserError: If one of them cannot be begun; nothing has been written then.
    """
    name = options.name or layout.new_name(options.results, group)
    options = argparse.Namespace(**{**vars(options), "name": name})
    with libraries_muted():
        session.check_machine(options)
        choices = [choosing.begin(space, options) for space in spaces]
        for space, choice in zip(spaces, choices, strict=True):
            choice.layout.directory.mkdir(parents=True, exist_ok=True)
            with driver_lock(choice.layout.directory):
                choosing.opened(space, choice)
    return name


def newest_unfinished(results: Path, group: str) -> str:
    """Find the group of sweeps to resume when none is named.

    Args:
        results: The results directory.
        group: One of ``workloads.GROUPS``.

    Returns:
        The name of the one worked on last among those with fewer ended trials than asked.

    Raises:
        UserError: If there is none.
    """
    members = workloads.GROUPS[group]
    for name in dict.fromkeys(place.directory.name for place in finding.sweeps(results)):
        places = [Layout(results / member / name) for member in members]
        whole = all(place.journal.exists() for place in places)
        if whole and any(choosing.is_unfinished(place) for place in places):
            return name
    raise UserError(
        f"there is no unfinished sweep of all of {', '.join(members)} in {results}; "
        f"extend one with --resume NAME --trials N"
    )


def _in_turn(spaces: Sequence[Space], options: argparse.Namespace) -> int:
    """Resume the sweeps, until one is interrupted."""
    code = 0
    try:
        for space in spaces:
            code = max(code, session.run(space, options))
            if code in session.SIGNALS.values():
                break
    except KeyboardInterrupt:  # between two sweeps
        return INTERRUPTED
    return code


def table(places: Sequence[Layout]) -> Table:
    """Compare the best of every sweep with its baseline.

    Args:
        places: The sweeps.

    Returns:
        A row a sweep: its best objective, the epoch that reached it, and the time of all its
        trials, one after the other.
    """
    shown = Table("workload", "best", "epoch", "baseline", "gain", "trials", "time")
    for place in places:
        sweep = following.read(place)
        values = {each.number: each.objective for each in sweep.standings()}  # best first
        best, baseline = next(iter(values.values()), None), values.get(live.BASELINE_TRIAL)
        told = {trial.number: trial.user_attrs[END]["summary"] for trial in sweep.ended}
        told |= {each.number: records.summarise(each.rows) for each in sweep.running.values()}
        shown.add_row(
            sweep.space.name,
            _number(best),
            str(told[next(iter(values))]["best_epoch"]) if values else "-",
            _number(baseline),
            "-" if best is None or not baseline else f"{(baseline - best) / abs(baseline):.1%}",
            f"{len(sweep.ended)}/{sweep.trials}",
            live.clock(sum(each["seconds"] for each in told.values())),
        )
    return shown


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
