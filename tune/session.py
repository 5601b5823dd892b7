"""One run of ``tune.run``: choose the sweep, check everything, execute, and say what came out."""

import argparse
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from tune import live, planning, resources
from tune.choosing import Choice, begin, opened, resume
from tune.cluster import check_reachable, connected, door, prepare
from tune.errors import INTERRUPTED, TERMINATED
from tune.head import watched
from tune.interrupts import Interrupts
from tune.layout import Layout
from tune.lock import driver_lock
from tune.mirror import mirrored
from tune.quiet import libraries_muted
from tune.sharing import Sharing
from tune.sweep import Sweep
from tune.workloads import Space

SIGNALS: dict[int, int] = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}  # exit codes


def run(space: Space, options: argparse.Namespace) -> int:
    """Run a sweep as the command line asks.

    Args:
        space: The workload's space.
        options: The parsed command line of ``tune.run``.

    Returns:
        0 when the sweep holds as many trials as asked or its time is up, 1 if every trial fails
        the same way, 130 after Ctrl+C, 143 after SIGTERM.

    Raises:
        UserError: If it cannot be done as asked; nothing has been written then.
    """
    with libraries_muted():
        share = check_machine(options)
        choice = resume(space, options) if options.resume is not None else begin(space, options)
        choice.layout.directory.mkdir(parents=True, exist_ok=True)
        place = choice.layout
        with driver_lock(place.directory), mirrored(options.storage, place):
            return _execute(space, options, choice, share)


def check_machine(options: argparse.Namespace) -> resources.Resources | None:
    """Prepare for Ray; return a trial's share, unless only the cluster to join can tell it.

    Args:
        options: The parsed command line of ``tune.run``.

    Returns:
        The share, or None.

    Raises:
        UserError: If there is no such cluster or tracker, or this machine has not what is asked
            for.
    """
    prepare(options.address)
    if options.tensorboard or options.mlflow is not None or options.wandb:
        from tune import trackers  # here, since they import Ray Tune, which takes a while

        trackers.check(options)
    if options.address:
        check_reachable(options.address)
        return None
    return _share(options, resources.machine())


def _share(
    options: argparse.Namespace, have: Mapping[str, float], measured: Sharing | None = None
) -> resources.Resources:
    asked = (options.cpus_per_trial, options.gpus_per_trial)
    return resources.choose(*asked, options.concurrent, dict(have), measured)


def _measured(space: Space, choice: Choice, options: argparse.Namespace) -> Sharing:
    """Measure what ``auto`` stands for, on the data and the values of this sweep."""
    console = Console(quiet=options.quiet)
    fixed = choice.description["fixed"]
    return planning.explore_here(space, choice.root, fixed, console.print).chosen


def _execute(
    space: Space,
    options: argparse.Namespace,
    choice: Choice,
    share: resources.Resources | None,
) -> int:
    console, interrupts = Console(), Interrupts()
    place, budget, description = choice.layout, choice.budget, choice.description
    sweep = opened(space, choice)
    where = f"sweep {place.directory.name}: {place.directory}"
    console.print(where, highlight=False, soft_wrap=True)
    for warning in (*description["data"].get("warnings", ()), *space.cautions(sweep.study.fixed)):
        console.print(f"warning: {warning}", style="yellow", highlight=False, soft_wrap=True)
    if len(sweep.ended) >= sweep.trials:
        console.print(f"it holds all its {budget.trials} trials; extend it with --trials")
        return 0
    have = dict(resources.machine())
    if share and resources.AUTO in (options.cpus_per_trial, options.gpus_per_trial):
        share = _share(options, have, _measured(space, choice, options))
    with (
        connected(
            options.address,
            have,
            dashboard=options.dashboard,
            slots=share.slots if share else None,
        ) as context,
        watched(door(options.address, context), again := _again(place, options)),
    ):
        from tune import trackers
        from tune.executor import Job, execute

        share = share or _share(options, _cluster_resources())
        _announce(console, share)
        followers = [*trackers.chosen(options, sweep)]
        if options.dashboard:
            followers += [_dashboards(console, sweep, context)]
        view = live.View(sweep, space)
        job = Job(
            workload=space.name,
            root=choice.root,
            budget=budget,
            resources=share,
            seconds=options.time_budget,
            reuse=not options.dashboard,
            again=again,
            timeout_s=options.trial_timeout,
            elsewhere=bool(options.address),
        )
        with live.shown(view, console, quiet=options.quiet):
            execute(sweep, job, interrupts, followers)
    sweep.write_tables()
    return conclude(console, space, sweep, again, interrupts.received)


def _again(place: Layout, options: argparse.Namespace) -> str:
    """Return the command that goes on with a sweep: where it lies and runs is told anew."""
    words = ["python", "-m", "tune.run", place.directory.parent.name]
    words += ["--resume", place.directory.name]
    if options.results != Path("results"):
        words += ["--results", str(options.results)]
    for key in ("storage", "address"):
        words += [f"--{key}", vars(options)[key]] if vars(options)[key] else []
    return shlex.join(words)


def _cluster_resources() -> dict[str, float]:
    import ray

    return dict(ray.cluster_resources())


def _announce(console: Console, share: resources.Resources) -> None:
    """Say what runs where."""
    gpus = f", {share.gpus:g} GPU" if share.gpus else ""
    note = f" ({share.note})" if share.note else ""
    console.print(
        f"{share.slots} trials side by side, {share.cpus:g} CPU{gpus} each{note}", highlight=False
    )


def _dashboards(console: Console, sweep: Sweep, context: Any) -> Any:
    """Say where the dashboards are; return what feeds them."""
    from tune import dashboards

    console.print(f"Ray dashboard: http://{context.dashboard_url}", highlight=False)
    console.print("its token: ray get-auth-token", highlight=False)
    command = dashboards.optuna_command(sweep.layout)
    console.print(f"Optuna dashboard: {command}", highlight=False, markup=False, soft_wrap=True)
    return dashboards.Gauges(sweep)


def conclude(
    console: Console, space: Space, sweep: Sweep, again: str, interrupted: int | None
) -> int:
    """Say what came out, and what to type next; return the exit code."""
    name = sweep.layout.directory.name
    hopeless = sweep.hopeless()
    if hopeless:
        console.print(f"stopped: every trial fails the same way: {hopeless}", markup=False)
        return 1
    console.print(live.comparison(space, sweep))
    for standing in sweep.standings()[:1]:
        console.print(f"best configuration (trial {standing.number}):", highlight=False)
        for key, value in standing.params.items():
            console.print(f"  {key} = {value}", highlight=False, markup=False)
    console.print(f"all trials: {sweep.layout.trials_csv}", highlight=False, soft_wrap=True)
    if sweep.study.exhausted():
        console.print("the grid has no further points", highlight=False)
    to_go = sweep.trials - len(sweep.ended)
    if to_go > 0:
        console.print(f"{to_go} trials to go; continue with:", highlight=False)
        console.print(f"  {again}", highlight=False, markup=False, soft_wrap=True)
    else:
        console.print("next:", highlight=False)
        console.print(f"  python -m tune.export {space.name} --sweep {name}", highlight=False)
    return SIGNALS[interrupted] if interrupted else 0
