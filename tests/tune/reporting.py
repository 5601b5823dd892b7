"""Sweeps to report, made up in moments."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import optuna
import pytest

from tune import records, report, workloads
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space

HOSTILE = "</script><script>alert('$x$')</script>"


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sweeps in moments: without the sampler's thinking, syncing and clearing up."""

    def sample(study: Study, asked: int) -> None:
        study.optuna.sampler = optuna.samplers.RandomSampler(seed=asked)

    monkeypatch.setattr(Study, "_seed_sampler", sample)
    monkeypatch.setattr(Sweep, "_write_table_in_time", lambda _: None)
    monkeypatch.setattr(Sweep, "_remove_checkpoints", lambda _: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def begin(results: Path, workload: str = "edc", trials: int = 12) -> Sweep:
    """Begin a sweep as the driver does."""
    space = workloads.space(workload)
    place = Layout(results / workload / "monday")
    place.directory.mkdir(parents=True)
    budget = dataclasses.asdict(space.budget) | {"trials": trials}
    description: dict[str, Any] = {"workload": workload, "budget": budget, "seed": 0}
    description |= {
        "root": None,
        "fixed": {},
        "data": {"rows": {"train": 3}},
    }
    description |= {"versions": {"torch": "2"}, "commit": None, "command": f"run {HOSTILE}"}
    records.write_json(place.description, description)
    return Sweep(place, Study(place.journal, space, 0, {}), description)


def metrics(space: Space, objective: float) -> dict[str, float]:
    """Return metrics by which every target is missed or met as the objective is."""
    if space.metric is not None:
        return {space.metric: objective}
    found = {target.dropped: 0.0 for target in space.targets if target.dropped}
    for target in space.targets:
        if target.at_most is not None:
            found[target.metric] = objective * target.at_most
        else:
            assert target.at_least is not None
            found[target.metric] = 1 - objective * (1 - target.at_least)
    return found


def train(sweep: Sweep, number: int, epochs: int, outcome: str, reason: str) -> None:
    """Record a trial whose objective falls with the epochs."""
    for epoch in range(1, epochs + 1):
        value = (3.0 + number % 7) / epoch
        row = {"epoch": epoch, "value": value, "objective": value, "best_epoch": epoch}
        row |= {"train_loss": value / 2, "lr": 1e-3, "skipped_steps": 0, "seconds": 1.0}
        sweep.record_epoch(number, row | metrics(sweep.study.space, value))
    sweep.end_trial(number, outcome, reason)


def run(sweep: Sweep, count: int) -> None:
    """Train trials: the first one whole, then pruned, failed and whole ones in turn."""
    kinds = [(6, "complete"), (2, "pruned"), (1, "pruned"), (0, "failed")]
    for _ in range(count):
        job = sweep.next_trial()
        assert job is not None
        number = job["number"]
        epochs, outcome = kinds[number % len(kinds)]
        train(sweep, number, epochs, outcome, HOSTILE if outcome == "failed" else "by the test")


def written(results: Path, workload: str = "edc") -> str:
    """Write the report; return its page."""
    assert report.main([workload, "--results", str(results)]) == 0
    return (results / workload / "monday" / "report.html").read_text("utf-8")
