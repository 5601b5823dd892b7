"""The example of docs/own-melody.md, run as it stands there."""

import json
import re
from pathlib import Path

import pytest
import torch

from tune import checkpoints, records

PAGE = Path(__file__).parents[1] / "docs/own-melody.md"


def test_network_of_ones_own_is_trained_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():
        exec(example, {"__name__": "example"})
    history = records.read_rows(tmp_path / "history.csv")
    assert history[-1]["objective"] < history[0]["nll"]
    assert set(checkpoints.load(tmp_path / "best.pt")["model"]) == {
        "0.weight",
        "1.weight",
        "1.bias",
    }
    scores = json.loads((tmp_path / "model_comparison.json").read_text())
    assert scores["mine"]["nll"] < 3.0  # counting single notes reaches 3.06
    assert "winner" in capsys.readouterr().out
    assert (tmp_path / "model_comparison.png").stat().st_size > 0
