"""Trials as runs of an MLflow experiment, which is the sweep."""

import time
from typing import Any

from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric
from ray.air.integrations.mlflow import MLflowLoggerCallback

from tune.arguments import without_password
from tune.errors import UserError
from tune.layout import Layout
from tune.tracking import Run


def store(place: Layout) -> str:
    """Return the MLflow store in a sweep's directory."""
    return f"sqlite:///{place.directory.resolve() / 'mlflow.db'}"


def check_answers(uri: str) -> None:
    """Check that a store can be reached.

    Args:
        uri: Of the store.

    Raises:
        UserError: If not.
    """
    try:
        MlflowClient(uri).search_experiments(max_results=1)
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        message = f"the MLflow store {uri} must answer, got: {reason}"
        raise UserError(without_password(message)) from error


class ContinuedRuns(MLflowLoggerCallback):
    """Ray's logger, but a resumed trial goes on in its run, where Ray would begin another one."""

    def __init__(self, uri: str, experiment: str) -> None:
        """Log to the experiment of that name in the store at ``uri``."""
        super().__init__(uri, experiment_name=experiment)

    def log_trial_start(self, trial: Run) -> None:
        """Find the trial's run, or begin it."""
        client, wanted = MlflowClient(self.tracking_uri), f"tags.trial_id = '{trial.trial_id}'"
        for run in client.search_runs([self.mlflow_util.experiment_id], wanted):
            client.update_run(run.info.run_id, status="RUNNING")
            self._trial_runs[trial] = run.info.run_id
        self.tags = {"trial_id": trial.trial_id}
        super().log_trial_start(trial)

    def log_trial_result(self, iteration: int, trial: Run, result: dict[str, Any]) -> None:
        """Log an epoch in one request; Ray would make one a metric, about 20 ms each."""
        values, time_ms = dict(result), int(1000 * time.time())
        epoch = values.pop("training_iteration")
        metrics = [Metric(key, value, time_ms, epoch) for key, value in values.items()]
        MlflowClient(self.tracking_uri).log_batch(self._trial_runs[trial], metrics)
