from pathlib import Path

import pytest

from tune import evaluate, retrain, workloads
from tune.layout import Layout
from tune.workloads import Space

COMPANIONS = workloads.GROUPS["companion"]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Train nothing; return the sweeps that would have been evaluated, in order."""
    found: list[Path] = []

    def noted(space: Space, place: Layout, _options: object) -> None:
        assert place.directory.parent.name == space.name
        found.append(place.directory)

    monkeypatch.setattr(retrain, "retrain", noted)
    return found


def begun(results: Path, workload: str) -> Path:
    directory = results / workload / "monday"
    directory.mkdir(parents=True)
    (directory / "study.journal").touch()
    return directory


def test_workload_is_evaluated_by_any_of_its_names(tmp_path: Path, evaluated: list[Path]) -> None:
    directory = begun(tmp_path, "companion_groove")
    for name in ("companion_groove", "GroovePredictor"):
        assert evaluate.main([name, "--results", str(tmp_path)]) == 0
    assert evaluated == [directory, directory]


def test_workloads_of_a_group_are_evaluated_in_turn(tmp_path: Path, evaluated: list[Path]) -> None:
    directories = [begun(tmp_path, name) for name in COMPANIONS]
    asked = ["companion", "--sweep", "monday", "--results", str(tmp_path)]
    assert evaluate.main(asked) == 0
    assert evaluated == directories


def test_group_lacking_a_sweep_is_refused_before_anything_is_trained(
    tmp_path: Path, evaluated: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in COMPANIONS[:-1]:
        begun(tmp_path, name)
    assert evaluate.main(["companion", "--results", str(tmp_path)]) == 2
    assert f"there is no sweep of {COMPANIONS[-1]}" in capsys.readouterr().err
    assert evaluated == []
