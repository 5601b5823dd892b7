"""The commands that are compared: soundsweep, and each peer in its modes."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = "soundsweep"
PEERS = ("ray_tune", "optuna_optimize", "syne_tune")
STYLES = ("ours", "original")
#: As a peer's first example shows; its best; and its best, told where soundsweep starts from.
SETTINGS = ("plain", "best", "informed")
NAME = "benchmark"


@dataclass(frozen=True)
class Sweep:
    """What every contestant is asked to do, on the same data, space and cores."""

    workload: str = "edc"
    trials: int = 24
    epochs: int = 40
    seed: int = 0
    slots: int = 2
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """Soundsweep, or a peer with its style of training and its settings."""

    tool: str
    style: str = "ours"
    settings: str = "best"

    @property
    def label(self) -> str:
        """Its name in the table."""
        return self.tool if self.tool == OURS else f"{self.tool}, {self.settings}, {self.style}"

    def command(self, sweep: Sweep, directory: Path) -> list[str]:
        """Return the command line that runs a sweep into ``directory``."""
        numbers = ["--trials", sweep.trials, "--epochs", sweep.epochs, "--seed", sweep.seed]
        for key, value in sweep.fixed.items():
            numbers += ["--set", f"{key}={value}"]
        if self.tool == OURS:
            cpus = min(len(os.sched_getaffinity(0)) / sweep.slots, 1.0)
            module, rest = "tune.run", ["--results", directory, "--name", NAME, "--quiet"]
            rest += ["--cpus-per-trial", cpus, "--concurrent", sweep.slots]
        else:
            module, rest = f"benchmarks.peers.{self.tool}", ["--directory", directory]
            rest += ["--style", self.style, "--settings", self.settings, "--slots", sweep.slots]
        return [sys.executable, "-m", module, sweep.workload, *map(str, numbers + rest)]

    def record(self, sweep: Sweep, directory: Path) -> Path:
        """Return the file that grows by a line with every epoch."""
        if self.tool == OURS:
            return directory / sweep.workload / NAME / "study.journal"
        return directory / "events.txt"


def contestants(styles: tuple[str, ...], settings: tuple[str, ...]) -> Iterator[Contestant]:
    """Yield soundsweep, then every peer in the given modes."""
    yield Contestant(OURS)
    for tool in PEERS:
        for style in styles:
            for setting in settings:
                yield Contestant(tool, style, setting)
