import json
import subprocess
import sys
from pathlib import Path

import pytest

from tune import compare

ROOT = Path(__file__).parents[2]


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)  # three starts of Ray, on a machine that may be busy
def test_evaluation_retrains_scores_and_takes_up_what_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(verb: str, *arguments: str) -> str:
        command = [sys.executable, "-m", f"tune.{verb}", "edc", "--results", str(tmp_path)]
        command += arguments
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
        )
        return done.stdout

    small = ["--name", "small", "--set", "data/size=tiny", "--trials", "3", "--epochs", "2"]
    run("run", *small, "--quiet")
    chosen = ("--set", "data/split=material", "--top", "3")
    out = run("evaluate", *chosen, "--seeds", "1")
    assert out.count("validation objective") == 3
    directory = tmp_path / "edc" / "small" / "evaluation" / "data-split-material"
    finished = (directory / "trial-1" / "seed-0" / "metadata.json").read_text()
    out = run("evaluate", *chosen, "--seeds", "2")
    assert "6 trainings, 3 finished before" in out
    assert out.count("validation objective") == 3
    assert (directory / "trial-1" / "seed-0" / "metadata.json").read_text() == finished
    result = json.loads((directory / "evaluation.json").read_text())
    assert set(result) == {"baseline", "trial-1", "trial-2", "ensemble"}
    assert result["baseline"]["metrics"]["edc_mae"]["difference"] == 0
    assert result["baseline"]["ensemble_of_seeds"]["edc_mae"] > 0
    assert compare.main([str(directory)]) == 0
    assert capsys.readouterr().out.endswith(
        "11/11 complete\n"
    )  # 6, an ensemble a seed, 3 of seeds
