"""Studies of sweeps in a database or in a journal, driven by tests."""

from pathlib import Path

from tune.database import Database, driven, point
from tune.ends import End, outcome
from tune.study import Study
from tune.workloads import Space

OPENED: list[Database] = []


def release() -> None:
    """Forget the studies that this process drives, as if it had ended."""
    for each in OPENED:
        driven(each).engine.dispose()
    OPENED.clear()
    driven.cache_clear()


def opened(directory: Path, space: Space, url: str, seed: int = 7) -> Study:
    """Open the study of a sweep that is named like its directory."""
    directory.mkdir(exist_ok=True)
    journal = directory / "study.journal"
    if url:
        OPENED.append(Database(url, f"toy/{directory.name}"))
        point(journal, OPENED[-1])
    return Study(journal, space, seed, {})


def run(study: Study, count: int) -> list[tuple[object, ...]]:
    """Propose and end ``count`` trials; return everything that came of them."""
    for _ in range(count):
        one(study)
    return told(study)


def one(study: Study) -> None:
    trial = study.propose()
    for epoch in (1, 2):
        study.report(trial.number, epoch, trial.params["optim/lr"] / epoch)
    kind = "failed" if trial.number == 2 else "complete"
    study.end(trial.number, End(kind, "reached its last epoch", {"epochs": 2}))


def told(study: Study) -> list[tuple[object, ...]]:
    return [
        (each.number, each.params, each.intermediate_values, each.value, outcome(each))
        for each in study.trials()
    ]
