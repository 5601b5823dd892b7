import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from models import edc as model
from tune import checkpoints, data, export, onnx_file, workloads
from tune.ends import End
from tune.study import Study, read_trials
from tune.training import Plan, Training

CONFIG = {
    "model/network": "mlp",
    "model/fc_hidden": 256,
    "model/head": "monotone",
    "data/size": "tiny",
    "loss/kind": "db",
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Write a sweep of three ended trials, of which the second is the best."""
    directory = tmp_path / "edc" / "monday"
    directory.mkdir(parents=True)
    study = Study(directory / "study.journal", workloads.space("edc"), 0, CONFIG)
    for number, objective in enumerate([2.0, 0.5, 1.0]):
        study.propose()
        study.report(number, 1, objective)
        metrics = {"edc_mae": objective / 100}
        summary = {"epochs": 1, "best_epoch": 1, "objective": objective, "seconds": 1.0}
        end = End(
            "complete", "=reached its last epoch", summary | {"best": metrics, "last": metrics}
        )
        study.end(number, end)
    description = {"workload": "edc", "root": None, "seed": 0, "fixed": CONFIG}
    description |= {"commit": "abc1234", "data": {"fingerprint": "f00d"}}
    (directory / "sweep.json").write_text(json.dumps(description))
    return tmp_path


def run(results: Path, *arguments: str) -> int:
    return export.main(["edc", "--results", str(results), *arguments])


def test_table_is_ranked_and_says_where_each_row_comes_from(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(results) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["number"] for row in rows] == ["1", "2", "0"]
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    first = rows[0]
    assert first["objective"] == "0.5"
    assert first["best/edc_mae"] == first["last/edc_mae"] == "0.005"
    assert (first["data_fingerprint"], first["commit"]) == ("f00d", "abc1234")
    assert first["epochs"] == "1"
    assert first["state"] == "complete"
    assert int(first["seed"]) > 0
    assert first["reason"].startswith("'=")


def test_top_limits_the_rows(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(results, "--top", "2")
    assert capsys.readouterr().out.count("\n") == 3


@pytest.mark.parametrize(("kind", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_other_formats_hold_the_same_values(
    results: Path, capsys: pytest.CaptureFixture[str], kind: str, read: Any
) -> None:
    run(results, "--format", kind)
    rows = read(capsys.readouterr().out)
    assert [row["objective"] for row in rows] == [0.5, 1.0, 2.0]
    assert rows[0]["model/network"] == "mlp"


def test_output_goes_to_the_file(results: Path, tmp_path: Path) -> None:
    assert run(results, "--output", str(tmp_path / "best.csv")) == 0
    assert (tmp_path / "best.csv").read_text().startswith("rank,number,state")


def best_checkpoint(results: Path) -> Training:
    """Write the best checkpoint of the best trial; return the training it is of."""
    directory = results / "edc" / "monday"
    config = CONFIG | read_trials(directory / "study.journal")[1].params
    loaded = data.load("edc", None, config)
    training = Training(workloads.get("edc"), config, loaded, Plan(epochs=1, seed=0))
    (directory / "trials" / "00001").mkdir(parents=True)
    best = {"model": training.model.state_dict(), "build": training.build_arguments}
    best |= {"config": config, "objective": 0.5, "folds": [training.model.state_dict()]}
    checkpoints.save(directory / "trials" / "00001" / "best.pt", best)
    return training


def test_exported_model_is_a_plain_state_dict_with_what_builds_it(
    results: Path, tmp_path: Path
) -> None:
    training = best_checkpoint(results)
    assert run(results, "--model", str(tmp_path / "edc.pt")) == 0
    description = json.loads((tmp_path / "edc.json").read_text())
    rebuilt = model.build(**description["build"])
    rebuilt.load_state_dict(torch.load(tmp_path / "edc.pt", weights_only=True))
    features = training.data.validation.batch(torch.arange(2))["inputs"]
    ours, theirs = training.model.eval()(features), rebuilt.eval()(features)
    assert torch.equal(ours["edc"], theirs["edc"])
    assert description["config"]["model/network"] == "mlp"
    assert set(description) == {"build", "config", "objective"}


def test_network_that_rtneural_cannot_hold_is_refused_and_leaves_no_file(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best_checkpoint(results)
    assert run(results, "--format", "rtneural", "--model", str(tmp_path / "edc.json")) == 2
    assert "RTNeural export needs layers of type dense" in capsys.readouterr().err
    assert not (tmp_path / "edc.json").exists()


def test_exported_rtneural_weights_are_those_of_the_best_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = {"model/hidden_size": 32, "model/num_layers": 1, "data/stride": 200}
    directory = tmp_path / "frequency_filter" / "monday"
    directory.mkdir(parents=True)
    study = Study(directory / "study.journal", workloads.space("frequency_filter"), 0, config)
    study.propose()
    study.report(0, 1, 0.25)
    summary = {"epochs": 1, "best_epoch": 1, "objective": 0.25, "seconds": 1.0}
    study.end(0, End("complete", "by the test", summary | {"best": {}, "last": {}}))
    described = {"seed": 0, "fixed": config, "root": None, "workload": "frequency_filter"}
    (directory / "sweep.json").write_text(json.dumps(described))
    loaded = data.load("frequency_filter", None, config)
    chosen = study.config(study.trials()[0])
    training = Training(workloads.get("frequency_filter"), chosen, loaded, Plan(epochs=1, seed=5))
    (directory / "trials" / "00000").mkdir(parents=True)
    checkpoints.save(
        directory / "trials" / "00000" / "best.pt", {"model": training.model.state_dict()}
    )
    arguments = ["frequency_filter", "--results", str(tmp_path), "--format", "rtneural"]
    assert export.main([*arguments, "--model", str(tmp_path / "filter.json")]) == 0
    written = json.loads((tmp_path / "filter.json").read_text())
    assert written["metadata"]["trial"] == 0
    assert written["metadata"]["max_abs_error"] < 1e-5
    bias = training.model.state_dict()["fc.bias"]
    assert written["layers"][-1]["weights"][1] == pytest.approx(bias.tolist())


def stand_in(monkeypatch: pytest.MonkeyPatch, **functions: Any) -> None:
    """Let ``edc`` have other functions than its own."""
    changed = dataclasses.replace(workloads.get("edc"), **functions)
    monkeypatch.setattr(workloads, "get", lambda _name: changed)


class Dense(nn.Sequential):
    """A network of independent rows that lists its layers."""

    def layers(self) -> list[tuple[nn.Module, str]]:
        return [(module, "") for module in self]


def test_any_workload_whose_network_lists_its_layers_is_exported_for_rtneural(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*, num_features: int, **_model: Any) -> Dense:
        return Dense(nn.Linear(num_features, 4), nn.Tanh(), nn.Linear(4, 2))

    stand_in(monkeypatch, build=build)
    best_checkpoint(results)
    assert run(results, "--format", "rtneural", "--model", str(tmp_path / "edc.json")) == 0
    written = json.loads((tmp_path / "edc.json").read_text())
    assert [layer["type"] for layer in written["layers"]] == ["dense", "activation", "dense"]
    assert written["metadata"]["reset_before_each_input"]
    assert written["metadata"]["workload"] == "edc"


def test_exported_onnx_is_the_best_network_with_its_configuration(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    training = best_checkpoint(results)
    assert run(results, "--format", "onnx", "--model", str(tmp_path / "edc.onnx")) == 0
    assert "trial 1, off by" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(tmp_path / "edc.onnx"))
    told = session.get_modelmeta().custom_metadata_map
    assert {name: json.loads(value) for name, value in told.items()} == {
        "sweep": "edc/monday",
        "trial": 1,
        "objective": {"name": "worst ratio to a target", "value": 0.5},
        "config": CONFIG | read_trials(results / "edc" / "monday" / "study.journal")[1].params,
    }
    features = training.data.validation.batch(torch.arange(3))["inputs"]
    (found,) = session.run(["edc"], {"inputs": features.numpy()})
    expected = training.model.eval()(features)["edc"]
    assert torch.allclose(torch.from_numpy(found), expected, atol=1e-5)


def test_onnx_without_its_extra_is_one_line(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    best_checkpoint(results)
    monkeypatch.setattr(onnx_file, "find_spec", lambda _name: None)
    assert run(results, "--format", "onnx", "--model", str(tmp_path / "edc.onnx")) == 2
    error = capsys.readouterr().err
    assert "pip install 'soundsweep[onnx]'" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "edc.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sweep", "tuesday"], "no sweep tuesday of edc"),
        (["--sweep", "../monday"], "a sweep's name may hold"),
        (["--model", "edc.pt"], "best.pt must hold the best weights, but is gone"),
        (["--format", "rtneural"], "say where it goes with --model PATH"),
        (
            ["--format", "csv", "--model", "edc.pt"],
            "--format of a model must be one of state_dict",
        ),
        (["--output", "/nowhere/best.csv"], "/nowhere must be a directory"),
        (["--sample", "2"], "--sample must say where its files go, with --output DIR"),
        (["--sample", "2", "--output", "a", "--format", "csv"], "--format csv is not of samples"),
        (["--sample", "2", "--output", "a"], "models/edc.py has no sample()"),
    ],
)
def test_bad_request_is_one_line(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(results, *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_data_that_have_moved_are_named_on_one_line(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best_checkpoint(results)
    described = results / "edc" / "monday" / "sweep.json"
    changed = json.loads(described.read_text()) | {"root": str(tmp_path / "nowhere")}
    described.write_text(json.dumps(changed))
    assert run(results, "--format", "rtneural", "--model", str(tmp_path / "edc.json")) == 2
    error = capsys.readouterr().err
    assert "nowhere" in error
    assert error.count("\n") == 1


def test_no_sweep_at_all_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 2
    assert "tune.run" in capsys.readouterr().err
