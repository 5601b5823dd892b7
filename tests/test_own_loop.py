"""The example of docs/own-loop.md, run as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tune import checkpoints, records

PAGE = Path(__file__).parents[1] / "docs/own-loop.md"


def run(directory: Path, monkeypatch: pytest.MonkeyPatch, epochs: int = 100) -> dict[str, Any]:
    """Run the example in a directory; return its variables."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert "EPOCHS = 100\n" in example
    directory.mkdir(exist_ok=True)
    monkeypatch.chdir(directory)
    variables: dict[str, Any] = {}
    with torch.random.fork_rng():
        exec(example.replace("EPOCHS = 100", f"EPOCHS = {epochs}"), variables)
    return variables


def test_history_ends_with_the_stopping_epoch_and_the_best_weights_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(tmp_path, monkeypatch)
    history = records.read_rows(tmp_path / "sine/metrics.csv")
    assert found["epoch"] == len(history) < 100
    best = checkpoints.load(tmp_path / "sine/best.pt")
    assert best["epoch"] == found["epoch"] - found["stopping"].patience
    assert checkpoints.load(tmp_path / "sine/last.pt")["epoch"] == found["epoch"]
    for name, value in found["model"].state_dict().items():
        assert torch.equal(value, best["model"][name])
    validation = found["phase"][1::2], found["target"][1::2]
    error = (found["model"](validation[0]) - validation[1]).square().mean().item()
    assert error == pytest.approx(history[best["epoch"] - 1]["val_loss"])
    assert error < history[0]["val_loss"] / 5


def test_interrupted_loop_goes_on_as_if_it_had_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", monkeypatch)
    run(tmp_path / "parts", monkeypatch, epochs=7)
    unknown = {"epoch": 8, "train_loss": 0.0, "val_loss": 0.0}  # its checkpoint was not written
    records.append_row(tmp_path / "parts/sine/metrics.csv", unknown)
    again = run(tmp_path / "parts", monkeypatch)
    assert again["epoch"] == whole["epoch"]
    written = [(tmp_path / name / "sine/metrics.csv").read_text() for name in ("whole", "parts")]
    assert written[0] == written[1]


def test_ended_loop_trains_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(tmp_path, monkeypatch)
    assert run(tmp_path, monkeypatch)["epoch"] == first["epoch"]
