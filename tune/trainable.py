"""Ray's verbs over ``Training``: one trial, whose step is one epoch."""

import math
import platform
import traceback
from collections import UserDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
import ray.tune as ray_tune
import torch

from tune import checkpoints, data, folds, parcel, workloads
from tune.errors import StorageFailure, TrialFailure
from tune.folds import FoldedTraining
from tune.limits import time_limit
from tune.training import Plan, Training


class TrialTrainable(ray_tune.Trainable):
    """One trial; its process is reused for the next one.

    The configuration holds ``number``, ``seed``, ``recorded`` (epochs that the study knows),
    ``directory``, ``params``, and under ``job`` what all trials of the sweep share: ``workload``,
    ``root``, ``epochs``, ``patience``, ``threads``, perhaps ``timeout_s``, and ``parcel`` where
    machines may lack the user's data. ``retried`` says that a first try in another process died
    or ran out of memory, ``given_up`` why there is no further try. Checkpoints go straight to the
    trial's directory, and the epochs that a checkpoint knows and the study does not are reported
    again before training goes on.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first trial in; everything that can fail happens in ``step``."""
        torch.set_num_threads(config["job"]["threads"])
        torch.set_flush_denormal(True)
        self.reset_config(config)

    def __repr__(self) -> str:
        """Return the name under which Ray's dashboard shows this process."""
        return f"{self.job['workload']} trial {self.trial['number']}"

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial into the same process."""
        self.trial, self.job = new_config, new_config["job"]
        self.directory = Path(new_config["directory"])
        self.training: Training | FoldedTraining | None = None
        self.replay: list[dict[str, float]] = []
        self.note = ""
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch; a failure ends this trial, not the sweep."""
        if "given_up" in self.trial:
            return self._failed(self.trial["given_up"])
        try:
            return self._epoch_in_time()
        except StorageFailure as failure:
            return {"unwritable": str(failure), "done": True}
        except TrialFailure as failure:
            return self._failed(str(failure))
        except Exception as error:  # any defect of a model is that trial's end, with its traceback
            if out_of_memory(error) and not self.trial.get("retried"):
                raise  # Ray tries again, in another process and with a larger share
            with suppress(OSError):  # on a full disk, the reason still reaches the record
                (self.directory / "error.txt").write_text(traceback.format_exc())
            return self._failed(reason(error))

    def _epoch_in_time(self) -> dict[str, Any]:
        """Train one epoch in what is left of the trial's time."""
        limit_s = self.job.get("timeout_s") or math.inf
        spent_s = sum(row["seconds"] for row in self.training.history) if self.training else 0.0
        with time_limit(limit_s - spent_s, limit_s):
            return self._epoch()

    def _epoch(self) -> dict[str, Any]:
        if self.training is None:
            self.training = self._start()
        if self.replay:
            row = self.replay.pop(0)
        else:
            row = self.training.epoch()
            self._save(self.training)
        ended = None if self.replay else self.training.ended
        result: dict[str, Any] = {"epoch": int(row["epoch"]), "objective": row["objective"]}
        result["row"] = UserDict(row)  # of every number in a dict, Ray would keep statistics
        result["device"] = device_name()
        result |= {"note": self.note} if self.note else {}
        return result | {"ended": ended, "done": ended is not None}

    def _start(self) -> Training | FoldedTraining:
        """Build the training, and continue it from its last checkpoint if there is one."""
        name, params = self.job["workload"], self.trial["params"]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        plan = Plan(self.job["epochs"], self.trial["seed"], self.job["patience"], device)
        parts = data.load_folds(name, self._root(), params)
        training = folds.begin(workloads.get(name), params, parts, plan)
        state, damaged = checkpoints.load_last(self.directory, device)
        if state is not None:
            training.load_state_dict(state)
            self.replay = training.history[max(self.trial["recorded"] - 1, 0) :]
        if damaged:
            after = f"went on after epoch {len(training.history)}"
            self.note = f"{' and '.join(damaged)} damaged, {after}"
        return training

    def _root(self) -> Path | None:
        """Return where the user's data lie on this machine, which must have the results too."""
        try:
            self.directory.mkdir(exist_ok=True)  # without its parents: the driver has made them
        except OSError as error:
            here = f"{error.strerror} on {platform.node()}"
            message = f"{self.directory} must be there on every machine, got: {here}"
            raise StorageFailure(message) from error
        root: Path | None = self.job["root"]
        packed = self.job.get("parcel")
        return parcel.place(root, packed, ray.get) if root and packed else root

    def _save(self, training: Training | FoldedTraining) -> None:
        """Write the checkpoints of the epoch just trained; the best one first."""
        row = training.history[-1]
        if training.improved:
            best = {"workload": self.job["workload"], "config": self.trial["params"]}
            best |= {"seed": self.trial["seed"], "epoch": row["epoch"]}
            best |= {"objective": row["objective"], "build": training.build_arguments}
            checkpoints.save(self.directory / checkpoints.BEST, best | training.weights())
        if training.ended is None:
            last, previous = (self.directory / name for name in checkpoints.TO_CONTINUE)
            checkpoints.save(last, training.state_dict(), previous)

    def _failed(self, reason: str) -> dict[str, Any]:
        return {"failed": reason, "done": True}


def device_name() -> str:
    """Return what trials are trained on here: ``cpu``, or ``cuda`` and the kind of GPU."""
    return f"cuda {torch.cuda.get_device_name()}" if torch.cuda.is_available() else "cpu"


def out_of_memory(error: Exception) -> bool:
    """Tell whether an error says that GPU or CPU memory did not suffice."""
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or "DefaultCPUAllocator" in str(error)


def reason(error: Exception) -> str:
    """Return on one line why a trial failed."""
    if out_of_memory(error):
        torch.cuda.empty_cache()
        told = str(error).partition("\n")[0]
        return f"out of memory, with a larger share too: {told}"
    return f"{type(error).__name__}: {error}"
