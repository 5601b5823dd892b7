import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tune import checkpoints, data, export, workloads
from tune.ends import End
from tune.seeding import derive
from tune.study import Study
from tune.training import Plan, Training

CONFIG = {"model/network": "mlp", "model/fc_hidden": 256, "data/size": "tiny"}
SUMMARY: dict[str, Any] = {"epochs": 1, "best_epoch": 1, "objective": 0.5, "seconds": 1.0}


def sample(
    model: nn.Module, directory: Path, count: int, seed: int, *, num_samples: int
) -> list[Path]:
    """Write what the model answers to noise."""
    generator = torch.Generator().manual_seed(seed)
    paths = [directory / f"{number}.json" for number in range(count)]
    for path in paths:
        answer: Tensor = model(torch.randn(1, 16, generator=generator))["edc"]
        assert answer.shape == (1, num_samples)
        assert not model.training
        assert not answer.requires_grad
        path.write_text(json.dumps({"seed": seed, "answer": answer.tolist()}))
    return paths


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a sweep of one ended trial of ``edc``, which generates here."""
    generating = dataclasses.replace(workloads.get("edc"), sample=sample)
    monkeypatch.setattr(workloads, "get", lambda _name: generating)
    directory = tmp_path / "edc" / "monday"
    directory.mkdir(parents=True)
    study = Study(directory / "study.journal", generating.space, 0, CONFIG)
    config = study.config(study.propose())
    study.report(0, 1, 0.5)
    study.end(0, End("complete", "by the test", SUMMARY | {"best": {}, "last": {}}))
    description = {"workload": "edc", "root": None, "seed": 3, "fixed": CONFIG}
    (directory / "sweep.json").write_text(json.dumps(description))
    training = Training(generating, config, data.load("edc", None, config), Plan(1, seed=0))
    (directory / "trials" / "00000").mkdir(parents=True)
    weights = {"model": training.model.state_dict()}
    checkpoints.save(directory / "trials" / "00000" / "best.pt", weights)
    return tmp_path


def run(results: Path, output: Path) -> int:
    arguments = ["edc", "--sample", "3", "--output", str(output), "--results", str(results)]
    return export.main(arguments)


def test_samples_are_written_and_repeat_themselves(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(results, tmp_path / "first") == 0
    assert capsys.readouterr().out.count("(trial 0)") == 3
    written = sorted((tmp_path / "first").iterdir())
    assert [path.name for path in written] == ["0.json", "1.json", "2.json"]
    told = [json.loads(path.read_text()) for path in written]
    assert told[0]["seed"] == derive(3, 0)
    assert told[0]["answer"] != told[1]["answer"]
    assert run(results, tmp_path / "second") == 0
    again = sorted((tmp_path / "second").iterdir())
    assert [path.read_text() for path in again] == [path.read_text() for path in written]


def test_directory_may_exist_but_not_as_a_file(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").mkdir()
    assert run(results, tmp_path / "there") == 0
    (tmp_path / "file").touch()
    assert run(results, tmp_path / "file") == 2
    assert "--output must be a directory" in capsys.readouterr().err


def test_model_and_samples_are_asked_for_one_at_a_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        export.main(["edc", "--sample", "3", "--model", "edc.pt"])
    assert "not allowed with argument" in capsys.readouterr().err
