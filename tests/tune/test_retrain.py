import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from search_spaces.contract import Target
from tune.retrain import conclude
from tune.workloads import Space

ROOT = Path(__file__).parents[2]


def runs(*values: float) -> list[dict[str, object]]:
    return [{"objective": value, "test": {"mse": value}} for value in values]


def test_conclusion_compares_seed_by_seed(space: Space) -> None:
    targeted = dataclasses.replace(space, metric=None, targets=(Target("mse", at_most=0.5),))
    told = conclude(targeted, runs(0.2, 0.4, 0.3), runs(0.8, 1.1, 0.9))
    assert told["metrics"]["mse"]["mean"] == pytest.approx(0.3)
    assert told["metrics"]["mse"]["difference"] == pytest.approx(-0.6333, abs=1e-4)
    assert told["targets"] == {"mse": True}
    assert told["objective_of_means"] == pytest.approx(0.6)


def test_failed_training_is_counted_and_its_pair_left_out(space: Space) -> None:
    told = conclude(space, [*runs(0.2), {"failed": "mse is nan"}], runs(0.8, 1.1))
    assert told["failed"] == 1
    assert told["metrics"]["mse"]["difference"] == pytest.approx(-0.6)


@pytest.mark.ray
@pytest.mark.slow
def test_evaluation_retrains_scores_and_takes_up_what_is_finished(tmp_path: Path) -> None:
    def run(verb: str, *arguments: str) -> str:
        command = [sys.executable, "-m", f"tune.{verb}", "edc", "--results", str(tmp_path)]
        command += arguments
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
        )
        return done.stdout

    small = ["--name", "small", "--set", "data/size=tiny", "--trials", "2", "--epochs", "2"]
    run("run", *small, "--quiet")
    out = run("evaluate", "--top", "1", "--seeds", "2")
    assert out.count("validation objective") == 4
    directory = tmp_path / "edc" / "small" / "evaluation" / "as-swept"
    result = json.loads((directory / "evaluation.json").read_text())
    assert set(result) == {"baseline", "trial-1"}
    assert result["baseline"]["metrics"]["edc_mae"]["difference"] == 0
    again = run("evaluate", "--top", "1", "--seeds", "2")
    assert "validation objective" not in again
    assert json.loads((directory / "evaluation.json").read_text()) == result
