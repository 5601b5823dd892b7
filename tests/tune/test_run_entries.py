import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from search_spaces.contract import Budget
from tune import compare, run_entries, workloads
from tune.errors import UserError
from tune.evaluation import Retraining, score
from tune.ranking import differing, met, ranked

RATE_HZ = 48_000  # of the published project, which does not say it


def leave(folder: Path, error: float, metadata: object = None) -> None:
    """Write a run folder as an older project left it; larger errors are worse in every way."""
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    decay_s = np.linspace(0.4, 1.2, 4)[:, None]
    for name, factor in (("targets", 1.0), ("predictions", 1.0 + error)):
        folder.mkdir(parents=True, exist_ok=True)
        curves = 10 ** (-6 * time_s / (factor * decay_s))
        np.save(folder / f"{name}.npy", curves.astype(np.float32))
    for name in ("scaler_X.npz", "scaler_y.npz"):
        np.savez(folder / name, mean=np.zeros(16))
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "best.pt").touch()
    if metadata is not None:
        (folder / "metadata.json").write_text(json.dumps(metadata))


def told(loss: str) -> dict[str, Any]:
    return {
        "model_name": "hybrid_v2",
        "training_config": {"max_epochs": 200, "actual_epochs": 111, "batch_size": 8},
        "loss_config": {"loss_type": loss, "edt_weight": 1.5},
        "metrics": {"t20": {"mae": 99.0}},
    }


@pytest.fixture
def older(tmp_path: Path) -> Path:
    directory = tmp_path / "older"
    leave(directory / "worse", 0.1, told("mse"))
    leave(directory / "nested" / "better", 0.01, told("weighted_edc"))
    leave(directory / "unsaid", 0.05)
    (directory / "torn").mkdir()
    (directory / "torn" / "metadata.json").write_text('{"model_name": ')
    leave(directory / "torn-but-scored", 0.02)
    (directory / "torn-but-scored" / "metadata.json").write_text("{")
    (directory / "no-arrays").mkdir()
    (directory / "no-arrays" / "metadata.json").write_text(json.dumps(told("mse")))
    (directory / "only-weights" / "checkpoints").mkdir(parents=True)
    return directory


def states(directory: Path) -> dict[str, str]:
    entries, _ = run_entries.read(directory)
    return {entry.row["number"]: entry.row["state"] for entry in ranked(entries, "t20_mae_s")}


def test_no_run_vanishes_and_the_best_come_first(older: Path) -> None:
    found = states(older)
    best = ["nested/better", "torn-but-scored", "unsaid", "worse"]
    assert list(found)[:4] == best
    assert all(found[name] == "complete" for name in best)
    assert set(found) - set(best) == {"torn", "no-arrays", "only-weights"}
    assert found["no-arrays"] == "no predictions.npy"


def test_metrics_come_from_the_arrays_and_not_from_the_metadata(older: Path) -> None:
    entries, _ = run_entries.read(older)
    worse = next(entry for entry in entries if entry.row["number"] == "worse")
    decay_s = np.linspace(0.4, 1.2, 4).mean()
    assert worse.values["t20_mae_s"] == pytest.approx(0.1 * decay_s, rel=1e-3)
    assert met(worse) >= {"edc_r2"}
    assert worse.part == "test"


@pytest.mark.parametrize(("metric", "first"), [("edc_r2", "better"), ("t20_jnd", "better")])
def test_direction_follows_the_metric(older: Path, metric: str, first: str) -> None:
    entries, _ = run_entries.read(older)
    assert ranked(entries, metric)[0].row["number"].endswith(first)


def test_configuration_of_an_older_project_is_shown_where_it_differs(older: Path) -> None:
    entries, _ = run_entries.read(older)
    known = [each for each in entries if each.params]
    assert differing(known) == ["loss_config/loss_type"]


def test_audit_says_what_is_there(older: Path) -> None:
    _, audits = run_entries.read(older)
    found = {each.run: each for each in audits}
    complete = {name for name, each in found.items() if each.complete}
    assert complete == {"worse", "nested/better"}
    assert not found["unsaid"].present["metadata"]
    assert found["torn-but-scored"].note.startswith("metadata.json must be JSON")
    assert found["only-weights"].note == "no predictions.npy"


def test_command_lists_exports_and_counts(
    older: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / name for name in ("all.csv", "short.csv")]
    options = ["--csv", str(paths[0]), "--summary", str(paths[1]), "--sort-by", "t20_mae_s"]
    assert compare.main([str(older), *options]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "2/7 complete"
    for name in ("nested/better", "torn", "no-arrays", "only-weights"):
        assert name in out
    for path in paths:
        with path.open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 7
        assert rows[0]["number"] == "nested/better"


def test_directory_may_be_a_single_run(tmp_path: Path) -> None:
    leave(tmp_path / "alone", 0.1)
    assert states(tmp_path / "alone") == {"alone": "complete"}


def test_directory_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must hold runs with predictions.npy, but has none"):
        run_entries.read(tmp_path)


def test_own_runs_are_scored_as_they_were(tmp_path: Path) -> None:
    config = {**workloads.space("frequency_filter").baseline, "data/stride": 200}
    job = Retraining(
        "frequency_filter", None, config, Budget(trials=1, epochs=1), 1, "any", tmp_path / "seed-0"
    )
    metadata = score(job)
    (entry,), (audit,) = run_entries.read(tmp_path)
    shared = {name: entry.values[name] for name in metadata["metrics"]}
    assert shared == pytest.approx(metadata["metrics"], abs=1e-6)
    assert entry.params == config
    assert audit.complete
    torch.set_flush_denormal(False)


def test_failed_training_is_listed_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "seed-0").mkdir()
    failed = {"workload": "edc", "failed": "loss is nan", "asked": {"config": {"optim/lr": 1.0}}}
    (tmp_path / "seed-0" / "metadata.json").write_text(json.dumps(failed))
    (entry,), (audit,) = run_entries.read(tmp_path)
    assert entry.row["state"] == "loss is nan"
    assert audit.note == "loss is nan"
    assert not dataclasses.replace(audit, present={}).complete
