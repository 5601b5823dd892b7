"""One run of ``tune.run``: choose the sweep, check everything, execute, and say what came out."""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from search_spaces.contract import Budget
from tune import data, layout, live, records, resources, workloads
from tune.cluster import check_reachable, connected, prepare
from tune.describe import describe
from tune.errors import UserError
from tune.fixing import as_fixed, check_fixed
from tune.layout import Layout
from tune.lock import driver_lock
from tune.quiet import libraries_muted
from tune.study import Study, read_trials
from tune.sweep import Sweep
from tune.workloads import Space

SIGNALS = {2: 130, 15: 143}  # exit codes of Ctrl+C and of termination


@dataclasses.dataclass(frozen=True)
class Choice:
    """A sweep as the user asked for it: where it lies, and what ``sweep.json`` says of it."""

    layout: Layout
    description: dict[str, Any]

    @property
    def budget(self) -> Budget:
        """The sweep's budget."""
        return Budget(**self.description["budget"])

    @property
    def root(self) -> Path | None:
        """The user's data."""
        root = self.description["root"]
        return None if root is None else Path(root)


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
    prepare(options.address)
    if options.address:
        check_reachable(options.address)
    with libraries_muted():
        have = resources.machine() if options.address is None else None
        share = _share(options, have) if have else None
        choice = resume(space, options) if options.resume is not None else begin(space, options)
        choice.layout.directory.mkdir(parents=True, exist_ok=True)
        with driver_lock(choice.layout.directory):
            return _execute(space, options, choice, share)


def begin(space: Space, options: argparse.Namespace) -> Choice:
    """Describe a new sweep, after checking its name, its directory and its data."""
    layout.check_writable(options.results)
    name = layout.check_name(options.name or layout.new_name(options.results, space.name))
    place = Layout(options.results / space.name / name)
    if place.journal.exists():
        again = f"python -m tune.run {space.name} --resume {name}"
        raise UserError(f"sweep {name} exists already; continue it with: {again}")
    budget = dataclasses.replace(
        space.budget,
        trials=options.trials or space.budget.trials,
        epochs=options.epochs or space.budget.epochs,
    )
    fixed = as_fixed(space, options.set)
    check_fixed(workloads.get(space.name), fixed)
    root = options.data.resolve() if options.data else None
    choices = {
        "seed": options.seed or 0,
        "root": None if root is None else str(root),
        "fixed": fixed,
    }
    record = load_record(space.name, root, fixed)
    return Choice(place, describe(space.name, budget, record, choices))


def resume(space: Space, options: argparse.Namespace) -> Choice:
    """Take up an earlier sweep, after checking that it is still the same one."""
    if options.resume:
        place = layout.find(options.results, space.name, options.resume)
    else:
        place = newest_unfinished(options.results, space)
    layout.check_writable(place.directory)
    description = place.describe()
    _check_unchanged(space, options, description)
    record = load_record(space.name, Choice(place, description).root, description["fixed"])
    if record["fingerprint"] != description["data"]["fingerprint"]:
        raise UserError(
            f"the data of sweep {place.directory.name} must not change, but its fingerprint is "
            f"now {record['fingerprint']}, not {description['data']['fingerprint']}; "
            f"restore the data or start a new sweep"
        )
    if options.trials:
        description["budget"]["trials"] = options.trials
    return Choice(place, description)


def newest_unfinished(results: Path, space: Space) -> Layout:
    """Find the sweep to resume when none is named.

    Args:
        results: The results directory.
        space: The workload's space.

    Returns:
        The one worked on last among those with fewer ended trials than asked.

    Raises:
        UserError: If none is unfinished.
    """
    for place in layout.sweeps(results, space.name):
        ended = [trial for trial in read_trials(place.journal) if trial.state.is_finished()]
        if len(ended) < place.describe()["budget"]["trials"]:
            return place
    raise UserError(
        f"there is no unfinished sweep of {space.name} in {results}; "
        f"extend one with --resume NAME --trials N"
    )


def _check_unchanged(
    space: Space, options: argparse.Namespace, description: Mapping[str, Any]
) -> None:
    """Refuse options that would make trials of one sweep incomparable."""
    given = {"--seed": options.seed, "--epochs": options.epochs}
    given["--data"] = str(options.data.resolve()) if options.data else None
    given["--set"] = as_fixed(space, options.set) or None
    kept = {"--seed": description["seed"], "--epochs": description["budget"]["epochs"]}
    kept |= {"--data": description["root"], "--set": description["fixed"]}
    for option, value in given.items():
        if value is not None and value != kept[option]:
            raise UserError(
                f"{option} of a sweep cannot change, it is {kept[option]}, got {value}; "
                f"leave the option out or start a new sweep"
            )


def load_record(name: str, root: Path | None, fixed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate and prepare the data; return their record.

    Args:
        name: The workload.
        root: The user's data, or None.
        fixed: Values by ``<group>/<argument>``.

    Returns:
        The record of the data.

    Raises:
        UserError: If the data or an argument of ``data/`` break a rule.
    """
    try:
        return data.record(name, root, fixed)
    except ValueError as error:
        raise UserError(str(error)) from error
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise UserError(f"--set data/... must name a keyword of the data: {error}") from error


def _share(options: argparse.Namespace, have: Mapping[str, float]) -> resources.Resources:
    return resources.choose(
        options.cpus_per_trial, options.gpus_per_trial, options.concurrent, dict(have)
    )


def _execute(
    space: Space,
    options: argparse.Namespace,
    choice: Choice,
    share: resources.Resources | None,
) -> int:
    from tune.executor import Job, execute

    console = Console()
    place, budget, description = choice.layout, choice.budget, choice.description
    if not place.journal.exists():  # the journal makes a sweep; before it, all it needs to resume
        records.write_json(place.description, description)
    study = Study(place.journal, space, description["seed"], description["fixed"])
    study.check_compatible()
    records.write_json(place.description, description)
    sweep = Sweep(place, study, description)
    where = f"sweep {place.directory.name}: {place.directory}"
    console.print(where, highlight=False, soft_wrap=True)
    for warning in description["data"].get("warnings", ()):
        console.print(f"warning: {warning}", style="yellow", highlight=False, soft_wrap=True)
    if len(sweep.ended) >= sweep.trials:
        console.print(f"it holds all its {budget.trials} trials; extend it with --trials")
        return 0
    have = dict(resources.machine())
    with connected(options.address, have, dashboard=options.dashboard) as context:
        share = share or _share(options, _cluster_resources())
        _announce(console, share, options, context)
        view = live.View(sweep, space)
        job = Job(
            space.name, choice.root, budget, share, options.time_budget, not options.dashboard
        )
        with live.shown(view, console, quiet=options.quiet):
            interrupted = execute(sweep, job)
    sweep.write_tables()
    return conclude(console, space, sweep, interrupted)


def _cluster_resources() -> dict[str, float]:
    import ray

    return dict(ray.cluster_resources())


def _announce(
    console: Console, share: resources.Resources, options: argparse.Namespace, context: Any
) -> None:
    """Say what runs where."""
    gpus = f", {share.gpus:g} GPU" if share.gpus else ""
    note = f" ({share.note})" if share.note else ""
    console.print(
        f"{share.slots} trials side by side, {share.cpus:g} CPU{gpus} each{note}", highlight=False
    )
    if options.dashboard:
        console.print(f"Ray dashboard: http://{context.dashboard_url}", highlight=False)
        console.print("its token: ray get-auth-token", highlight=False)


def conclude(console: Console, space: Space, sweep: Sweep, interrupted: int | None) -> int:
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
    to_go = sweep.trials - len(sweep.ended)
    if to_go > 0:
        console.print(f"{to_go} trials to go; continue with:", highlight=False)
        console.print(f"  python -m tune.run {space.name} --resume {name}", highlight=False)
    else:
        console.print("next:", highlight=False)
        console.print(f"  python -m tune.export {space.name} --sweep {name}", highlight=False)
    return SIGNALS[interrupted] if interrupted else 0
