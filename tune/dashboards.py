"""What dashboards show of a sweep: Optuna's its study, Ray's and Prometheus its state."""

import shlex
from importlib.util import find_spec
from typing import Any

from ray.tune import Callback
from ray.util.metrics import Gauge

from tune.database import pointed
from tune.ends import END, OUTCOMES, outcome
from tune.layout import Layout
from tune.sweep import Sweep
from tune.tracking import name


def optuna_command(place: Layout) -> str:
    """Return what to type to look at a study, while the sweep runs or after it.

    Args:
        place: The sweep.

    Returns:
        The command; libpq looks for the password of a database where the sweep does.
    """
    database = pointed(place.journal)
    url = database.url.replace("postgresql://", "postgresql+psycopg://", 1) if database else None
    command = shlex.join(["optuna-dashboard", url or str(place.journal)])
    if find_spec("optuna_dashboard") is None:
        command += "  (pip install 'soundsweep[dashboard]')"
    return command


class Gauges(Callback):
    """Keeps a sweep's state in metrics that Ray exports to Prometheus, with ``ray_`` before them.

    ``soundsweep_trials`` by state, ``soundsweep_epochs``, and ``soundsweep_best_objective``.
    """

    def __init__(self, sweep: Sweep) -> None:
        """Measure ``sweep``; Ray must have been started."""
        self.sweep = sweep
        self.trials = Gauge("soundsweep_trials", "Trials by state", ("sweep", "state"))
        self.epochs = Gauge("soundsweep_epochs", "Epochs of all trials", ("sweep",))
        self.best = Gauge("soundsweep_best_objective", "Least objective", ("sweep",))

    def on_trial_result(self, **info: Any) -> None:
        """Set the metrics after an event."""
        labels = {"sweep": name(self.sweep.layout)}
        states = [outcome(trial) for trial in self.sweep.ended]
        states += ["running"] * len(self.sweep.running)
        for state in ("running", *OUTCOMES):
            self.trials.set(states.count(state), {**labels, "state": state})
        epochs = sum(trial.user_attrs[END]["summary"]["epochs"] for trial in self.sweep.ended)
        epochs += sum(len(each.rows) for each in self.sweep.running.values())
        self.epochs.set(epochs, labels)
        for standing in self.sweep.standings()[:1]:
            self.best.set(standing.objective, labels)

    on_trial_start = on_trial_complete = on_trial_error = on_trial_result
