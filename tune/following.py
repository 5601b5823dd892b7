"""A sweep as its files tell it, for whoever only reads them; nothing here writes."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from tune import records, workloads
from tune.errors import UserError
from tune.finding import full_name
from tune.layout import Layout
from tune.lock import LOCK, is_driven
from tune.study import read_trials
from tune.sweep import Progress, Standing, standings
from tune.workloads import Space

#: A trial is stalled after as long as so many median epochs without one, but not before ...
STALLED_EPOCHS = 3
STALLED_S = 10.0  # ... this, since a busy driver writes short epochs late


@dataclass
class Snapshot:
    """A sweep at the moment of reading; ``tune.live`` draws it like the driver's own.

    Attributes:
        layout: Where it lies.
        space: The workload's space.
        description: Its ``sweep.json``.
        trials: How many trials the sweep is to hold.
        fixed: Parameters that are not searched.
        found: Every trial, in order.
        ended: Those that have ended.
        running: The others, by number.
    """

    layout: Layout
    space: Space
    description: dict[str, Any]
    trials: int
    fixed: dict[str, Any]
    found: list[FrozenTrial]
    ended: list[FrozenTrial]
    running: dict[int, Progress]

    @property
    def name(self) -> str:
        """The sweep's name with its workload."""
        return full_name(self.layout)

    def standings(self) -> list[Standing]:
        """Return where every trial stands, best first."""
        return standings(self.ended, self.running.values(), self.fixed)

    def state(self) -> str:
        """Return ``running``, ``finished``, or ``interrupted`` with the command to resume."""
        if is_driven(self.layout.directory):
            return "running"
        if len(self.ended) >= self.trials:
            return "finished"
        directory = self.layout.directory
        resume = f"python -m tune.run {self.space.name} --resume {directory.name}"
        results = directory.parents[1]
        elsewhere = "" if results == Path("results") else f" --results {results}"
        return f"interrupted (resume with: {resume}{elsewhere})"

    def begun(self) -> datetime:
        """Return when the driver that holds the sweep's lock began."""
        return datetime.fromtimestamp((self.layout.directory / LOCK).stat().st_mtime)

    def stalled(self) -> dict[int, float]:
        """Return the running trials whose next epoch is long due, and since when, in s.

        Trials of an earlier driver that still wait for a slot are not among them.
        """
        waited_s = {}
        for number in [number for number, trial in self.running.items() if trial.rows]:
            written = (self.layout.trial(number) / "metrics.csv").stat().st_mtime
            if written >= self.begun().timestamp():
                waited_s[number] = time.time() - written
        return {
            number: waited
            for number, waited in waited_s.items()
            if waited > max(STALLED_S, STALLED_EPOCHS * _epoch_s(self.running[number]))
        }


def read(place: Layout) -> Snapshot:
    """Read a sweep, which may be written to at the same time.

    Args:
        place: Where it lies.

    Returns:
        What its files hold now.

    Raises:
        UserError: If a file is missing or broken; names the file.
    """
    description = place.describe()
    with named(place.description):
        space = workloads.space(description["workload"])
        asked, fixed = int(description["budget"]["trials"]), dict(description["fixed"])
    if not place.journal.exists():  # checked here, since Optuna would make an empty one
        raise UserError(f"{place.directory} must hold a study.journal, but has none")
    with named(place.journal):
        found = read_trials(place.journal)
        ended = [trial for trial in found if trial.state.is_finished()]
    running = {}
    for trial in [trial for trial in found if not trial.state.is_finished()]:
        with named(place.trial(trial.number) / "metrics.csv") as path:
            rows = records.read_rows(path)
            running[trial.number] = Progress(trial.number, fixed | trial.params, rows)
    return Snapshot(place, space, description, asked, fixed, found, ended, running)


@contextmanager
def named(path: Path) -> Iterator[Path]:
    """Say in one line what was being read when the block met something unexpected.

    Args:
        path: The file or directory read inside the block.

    Yields:
        The same path.

    Raises:
        UserError: If the content has not the shape that the driver gives it.
    """
    try:
        yield path
    except UserError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UserError(f"{path} must be as tune.run wrote it, but is broken ({what})") from error


def _epoch_s(progress: Progress) -> float:
    return statistics.median(row["seconds"] for row in progress.rows)
