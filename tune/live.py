"""What a person sees while a sweep runs: a live table, or plain lines away from a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.trial import FrozenTrial
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from search_spaces.contract import Target
from tune.objective import ratio
from tune.study import outcome
from tune.sweep import Standing, Sweep
from tune.workloads import Space

BASELINE_TRIAL = 0


class View:
    """Draws the state of a sweep."""

    def __init__(self, sweep: Sweep, space: Space) -> None:
        """Watch ``sweep``."""
        self.sweep, self.space = sweep, space
        self.start = time.monotonic()
        self.ended_before = len(sweep.ended)

    def __rich__(self) -> RenderableType:
        """Draw everything once."""
        return Group(self.headline(), self.running(), self.targets())

    def headline(self) -> Text:
        """Return counts and time left."""
        states = [outcome(trial) for trial in self.sweep.ended]
        counts = f"{len(states)}/{self.sweep.trials} trials ended: "
        counts += ", ".join(
            f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed")
        )
        return Text(f"{counts}; {self._time_left()}", style="bold")

    def running(self) -> Table:
        """Return a row for every running trial."""
        table = Table("trial", "epoch", "best so far", "s/epoch", "configuration", expand=True)
        for progress in list(self.sweep.running.values()):
            last = progress.rows[-1] if progress.rows else None
            values = ("-", "-", "-")
            if last:
                values = (
                    f"{last['epoch']:.0f}",
                    f"{last['objective']:.4f}",
                    f"{last['seconds']:.1f}",
                )
            table.add_row(str(progress.number), *values, Text(short(progress.params), "dim"))
        return table

    def targets(self) -> Table:
        """Return the best trial beside the baseline: objective and every target."""
        return comparison(self.space, self.sweep)

    def _time_left(self) -> str:
        done = len(self.sweep.ended) - self.ended_before
        spent = time.monotonic() - self.start
        if not done:
            return f"{clock(spent)} so far"
        left = spent / done * (self.sweep.trials - len(self.sweep.ended))
        return f"{clock(spent)} so far, about {clock(left)} left"


def comparison(space: Space, sweep: Sweep) -> Table:
    """Compare the best trial with the baseline, target by target; unfinished ones count too."""
    standings = sweep.standings()
    baseline = next((each for each in standings if each.number == BASELINE_TRIAL), None)
    pair = (baseline, standings[0] if standings else None)
    table = Table("", "baseline", "best", "target", expand=False)
    table.add_row("trial", *(str(each.number) if each else "-" for each in pair), "")
    goal = "<= 1" if space.targets else ""
    table.add_row("objective", *(f"{each.objective:.4f}" if each else "-" for each in pair), goal)
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


def short(params: dict[str, object]) -> str:
    """Return a configuration on one line, without the groups."""
    parts = []
    for key, value in params.items():
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        parts.append(f"{key.partition('/')[2]}={text}")
    return " ".join(parts)


def clock(seconds: float) -> str:
    """Return a duration as people write it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


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
        end = trial.user_attrs["end"]
        value = "" if trial.value is None else f"objective {trial.value:.4f}, "
        self._print(f"trial {trial.number} {end['outcome']}: {value}{end['reason']}")

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
