"""What a person sees while a sweep runs: a live table, or plain lines away from a terminal."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from optuna.trial import FrozenTrial
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from search_spaces.contract import Target
from tune.ends import outcome
from tune.objective import ratio
from tune.sweep import Progress, Standing, Sweep
from tune.workloads import Space

BASELINE_TRIAL = 0


class Followed(Protocol):
    """What is drawn: the driver's own sweep, or one read from its files."""

    @property
    def trials(self) -> int:
        """How many trials the sweep is to hold."""

    @property
    def ended(self) -> Sequence[FrozenTrial]:
        """Those that have ended."""

    @property
    def running(self) -> Mapping[int, Progress]:
        """Those that run, by number."""

    def standings(self) -> list[Standing]:
        """Return where every trial stands, best first."""


class View:
    """Draws the state of a sweep while its driver runs."""

    def __init__(self, sweep: Sweep, space: Space) -> None:
        """Watch ``sweep``."""
        self.sweep, self.space = sweep, space
        self.start = time.monotonic()
        self.ended_before = len(sweep.ended)

    def __rich__(self) -> RenderableType:
        """Draw everything once."""
        ended = len(self.sweep.ended)
        spent_s = time.monotonic() - self.start
        told = pace(spent_s, ended - self.ended_before, self.sweep.trials - ended)
        tables = (running(self.sweep), comparison(self.space, self.sweep))
        return Group(headline(self.sweep, told), *tables)


def headline(sweep: Followed, told: str) -> Text:
    """Return how many trials ended with which outcome, and what ``pace`` told."""
    states = [outcome(trial) for trial in sweep.ended]
    counts = f"{len(states)}/{sweep.trials} trials ended: "
    counts += ", ".join(
        f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed")
    )
    return Text(f"{counts}; {told}" if told else counts, style="bold")


def pace(spent_s: float, done: int, left: int) -> str:
    """Return the time spent on ``done`` trials, and the time that ``left`` more will take."""
    if not done:
        return f"{clock(spent_s)} so far"
    return f"{clock(spent_s)} so far, about {clock(spent_s / done * left)} left"


def running(sweep: Followed) -> Table:
    """Return a row for every running trial."""
    columns = ("trial", "epoch", "value", "best so far", "s/epoch", "configuration")
    table = Table(*columns, expand=True)
    for progress in list(sweep.running.values()):
        values = ["-"] * 4
        if progress.rows:
            last = progress.rows[-1]
            values = [f"{last['epoch']:.0f}", f"{last['value']:.4f}"]
            values += [f"{last['objective']:.4f}", f"{last['seconds']:.1f}"]
        table.add_row(str(progress.number), *values, Text(short(progress.params), "dim"))
    return table


def comparison(space: Space, sweep: Followed) -> Table:
    """Compare the best trial with the baseline, target by target; unfinished ones count too."""
    standings = sweep.standings()
    baseline = next((each for each in standings if each.number == BASELINE_TRIAL), None)
    pair = (baseline, standings[0] if standings else None)
    table = Table("", "baseline", "best", "target", expand=False)
    table.add_row("trial", *(str(each.number) if each else "-" for each in pair), "")
    goal = "<= 1" if space.targets else ""
    name = f"objective ({space.metric})" if space.metric else "objective"
    table.add_row(name, *(f"{each.objective:.4f}" if each else "-" for each in pair), goal)
    for target in space.targets:
        bound = (
            f"<= {target.at_most:g}" if target.at_most is not None else f">= {target.at_least:g}"
        )
        table.add_row(target.metric, *(_metric(each, target) for each in pair), bound)
    return table


def _metric(standing: Standing | None, target: Target) -> Text:
    """Return a metric at the best epoch, and whether its target is met."""
    if standing is None:
        return Text("-")
    met = ratio(target, standing.metrics) <= 1
    value = standing.metrics[target.metric]
    return Text(f"{value:.4f} {'met' if met else 'missed'}", "green" if met else "red")


def short(params: Mapping[str, object]) -> str:
    """Return a configuration on one line, without the groups unless a name has several."""
    names = Counter(key.partition("/")[2] for key in params)
    parts = []
    for key, value in params.items():
        name = key.partition("/")[2]
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        parts.append(f"{name if names[name] == 1 else key}={text}")
    return " ".join(parts)


def clock(seconds: float) -> str:
    """Return a duration as people write it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def ending(trial: FrozenTrial) -> str:
    """Return on one line how a trial ended, and why."""
    end = trial.user_attrs["end"]
    value = "" if trial.value is None else f"objective {trial.value:.4f}, "
    return f"trial {trial.number} {end['outcome']}: {value}{end['reason']}"


class Lines:
    """Prints a line for every trial that begins or ends."""

    def __init__(self, console: Console) -> None:
        """Print to ``console``."""
        self.console = console

    def began(self, number: int, params: dict[str, object]) -> None:
        """Tell that a trial begins or goes on."""
        self._print(f"trial {number} runs: {short(params)}")

    def ended(self, trial: FrozenTrial) -> None:
        """Tell how a trial ended."""
        self._print(ending(trial))

    def _print(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def shown(view: View, console: Console, *, quiet: bool) -> Iterator[None]:
    """Show the sweep during the block: live on a terminal, else by lines, or not at all."""
    if quiet:
        yield
    elif console.is_terminal:
        with Live(view, console=console, refresh_per_second=2, transient=True):
            yield
    else:
        view.sweep.listener = Lines(console)
        yield
