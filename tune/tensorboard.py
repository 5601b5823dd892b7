"""TensorBoard event files, in the directory of each trial.

Ray's own logger hands every value to a thread that a full disk kills, and waits for it then.
"""

import time
from typing import Any

from ray.tune.logger import LoggerCallback
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.summary import hparams, scalar

from tune.tracking import Run


class TensorBoard(LoggerCallback):
    """Writes parameters and epochs, each at once: ``tensorboard --logdir results`` shows them."""

    def __init__(self) -> None:
        """Know no run yet."""
        self.writers: dict[Run, EventsWriter] = {}

    def log_trial_start(self, trial: Run) -> None:
        """Write the parameters; the file is a new one each time, and TensorBoard joins them."""
        if trial in self.writers:
            return
        writer = EventsWriter(f"{trial.local_path}/events", f".{time.time_ns()}")
        self.writers[trial] = writer
        parameters, begin, _ = hparams(trial.config, {"objective": None})
        _write(writer, [parameters, begin])

    def log_trial_result(self, iteration: int, trial: Run, result: dict[str, Any]) -> None:
        """Write an epoch."""
        values = [
            scalar(key, value) for key, value in result.items() if key != "training_iteration"
        ]
        _write(self.writers[trial], values, result["training_iteration"])

    def log_trial_end(self, trial: Run, failed: bool = False) -> None:
        """Close the file."""
        self.writers.pop(trial).close()


def _write(writer: EventsWriter, summaries: list[Summary], epoch: int = 0) -> None:
    for summary in summaries:
        writer.write_event(Event(wall_time=time.time(), step=epoch, summary=summary))
    writer.flush()
