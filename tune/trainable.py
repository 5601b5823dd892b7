"""Ray's verbs over ``Training``: one trial, whose step is one epoch."""

import traceback
from pathlib import Path
from typing import Any

import ray.tune as ray_tune
import torch

from tune import checkpoints, data, workloads
from tune.errors import TrialFailure
from tune.training import Plan, Training


class TrialTrainable(ray_tune.Trainable):  # type: ignore[misc]  # Ray ships no types
    """One trial; its process is reused for the next one.

    The configuration holds ``number``, ``seed``, ``recorded`` (epochs that the study knows),
    ``directory``, ``params``, and under ``job`` what all trials of the sweep share: ``workload``,
    ``root``, ``epochs``, ``patience`` and ``threads``. Checkpoints go straight to the trial's
    directory, and the epochs that a checkpoint knows and the study does not are reported again
    before training goes on.
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
        self.directory.mkdir(parents=True, exist_ok=True)
        self.training: Training | None = None
        self.replay: list[dict[str, float]] = []
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch; a failure ends this trial, not the sweep."""
        try:
            return self._epoch()
        except TrialFailure as failure:
            return self._failed(str(failure))
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            return self._failed(f"out of GPU memory: {str(error).splitlines()[0]}")
        except Exception as error:  # any defect of a model is that trial's end, with its traceback
            (self.directory / "error.txt").write_text(traceback.format_exc())
            return self._failed(f"{type(error).__name__}: {error}")

    def _epoch(self) -> dict[str, Any]:
        if self.training is None:
            self.training = self._start()
        if self.replay:
            row = self.replay.pop(0)
        else:
            row = self.training.epoch()
            self._save(self.training)
        ended = None if self.replay else self.training.ended
        result = {"epoch": int(row["epoch"]), "objective": row["objective"], "row": row}
        return result | {"ended": ended, "done": ended is not None}

    def _start(self) -> Training:
        """Build the training, and continue it from its last checkpoint if there is one."""
        name, params = self.job["workload"], self.trial["params"]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        plan = Plan(self.job["epochs"], self.trial["seed"], self.job["patience"], device)
        loaded = data.load(name, self.job["root"], params)
        training = Training(workloads.get(name), params, loaded, plan)
        last = self.directory / "last.pt"
        if last.exists():
            training.load_state_dict(checkpoints.load(last, device))
            self.replay = training.history[max(self.trial["recorded"] - 1, 0) :]
        return training

    def _save(self, training: Training) -> None:
        """Write the checkpoints of the epoch just trained; the best one first."""
        row = training.history[-1]
        if training.improved:
            best = {"workload": self.job["workload"], "config": self.trial["params"]}
            best |= {"seed": self.trial["seed"], "epoch": row["epoch"]}
            best |= {"objective": row["objective"], "build": training.build_arguments}
            best |= {"model": training.model.state_dict()}
            checkpoints.save(self.directory / "best.pt", best)
        if training.ended is None:
            checkpoints.save(self.directory / "last.pt", training.state_dict())

    def _failed(self, reason: str) -> dict[str, Any]:
        return {"failed": reason, "done": True}
