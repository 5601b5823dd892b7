"""Run folders as a comparison shows them: scored again from their arrays, whoever left them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tune import run_folder, workloads
from tune.audit import Audit
from tune.conclusions import on_test
from tune.errors import UserError
from tune.ranking import Entry
from tune.workloads import Space

#: Sections of an older project's metadata that say what a run was configured with.
SECTIONS = ("training_config", "loss_config", "precision_config", "data_loader_config")


def read(directory: Path) -> tuple[list[Entry], list[Audit]]:
    """Read every run folder below a directory; none that is broken hides or ends the others.

    Args:
        directory: For instance the ``evaluation`` of a sweep, or what an older project left.

    Returns:
        An entry and an audit of each.

    Raises:
        UserError: If there is none at all.
    """
    folders = run_folder.find(directory)
    if not folders:
        raise UserError(f"{directory} must hold runs with predictions.npy, but has none")
    pairs = [_read(folder, directory) for folder in folders]
    return [entry for entry, _ in pairs], [audit for _, audit in pairs]


def _read(folder: Path, directory: Path) -> tuple[Entry, Audit]:
    metadata, notes = _metadata(folder)
    name = folder.name if folder == directory else str(folder.relative_to(directory))
    scores: dict[str, float] = {}
    space: Space | None = None
    try:
        whole = run_folder.complete(metadata)
        space = workloads.space(whole["workload"])
        scores = run_folder.rescore(folder, whole).metrics
    except UserError as error:
        notes.append(str(metadata.get("failed") or error))
    row = _row(name, space, metadata, scores)
    row["state"] = "complete" if scores else notes[-1]
    entry = Entry(str(directory), space, row, _configuration(metadata), "test")
    return entry, Audit(name, _present(folder, metadata), "; ".join(notes))


def _metadata(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what a run says of itself, and what is wrong with that."""
    try:
        return run_folder.read_metadata(folder), []
    except UserError as error:
        return {}, [str(error)]


def _row(
    name: str, space: Space | None, metadata: Mapping[str, Any], scores: Mapping[str, float]
) -> dict[str, Any]:
    training = _section(metadata, "training_config")
    objective = on_test(space, scores) if space and scores else None
    row = {"number": name, "state": "", "epochs": training.get("actual_epochs")}
    row |= {"objective": objective, "model_name": metadata.get("model_name")}
    row |= _configuration(metadata)
    return row | {f"test/{key}": value for key, value in scores.items()}


def _configuration(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's parameters: by our names, or by the sections of an older project."""
    asked = _section(metadata, "asked").get("config")
    if isinstance(asked, dict):
        return asked
    return {
        f"{section}/{key}": value
        for section in SECTIONS
        for key, value in _section(metadata, section).items()
        if not key.startswith(("actual_", "training_duration"))
    }


def _section(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = metadata.get(name)
    return section if isinstance(section, dict) else {}


def _present(folder: Path, metadata: Mapping[str, Any]) -> dict[str, bool]:
    """Say what is there; an ensemble has weights and scalers where its members have theirs."""
    found = {
        "metadata": bool(metadata),
        "predictions": (folder / "predictions.npy").exists(),
        "targets": (folder / "targets.npy").exists(),
        "scalers": any(folder.glob("scaler*.npz")),
        "checkpoints": any((folder / "checkpoints").glob("*.pt")),
    }
    return found | (
        dict.fromkeys(("scalers", "checkpoints"), True) if "members" in metadata else {}
    )
