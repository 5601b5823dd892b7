import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import edc
from search_spaces.contract import Budget
from tune import run_folder, workloads
from tune.errors import UserError
from tune.evaluation import Retraining, score
from tune.run_folder import complete, read_metadata, rescore
from tune.workloads import Space

SMALL: dict[str, dict[str, Any]] = {  # data on which an epoch is short
    "edc": {"data/size": "tiny"},
    "emotion": {"data/size": "tiny"},
    "frequency_filter": {"data/stride": 200},
}


def trained(name: str, directory: Path, **changes: Any) -> dict[str, Any]:
    config = {**workloads.space(name).baseline, **SMALL[name], **changes}
    job = Retraining(name, None, config, Budget(trials=1, epochs=1), 1, "any", directory)
    return score(job)


@pytest.fixture(autouse=True)
def restored() -> Any:
    yield
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("name", SMALL)
def test_metrics_are_recomputed_from_the_arrays(name: str, tmp_path: Path) -> None:
    told = trained(name, tmp_path)
    again = rescore(tmp_path, complete(read_metadata(tmp_path))).metrics
    recorded = {key: np.nan if value is None else value for key, value in told["metrics"].items()}
    assert again == pytest.approx(recorded, abs=1e-6, nan_ok=True)


def test_curves_and_rate_are_all_that_the_metrics_of_edc_need(tmp_path: Path) -> None:
    told = trained("edc", tmp_path, **{"model/network": "multihead"})
    assert set(told["predictions"]) == {"edc", "t20", "c50"}
    rate_hz = told["facts"]["sample_rate_hz"]
    (tmp_path / "metadata.json").unlink()
    predicted, true = (np.load(tmp_path / f"{kind}.npy") for kind in ("predictions", "targets"))
    assert predicted.dtype == true.dtype == np.float32
    curves = {"curve": torch.from_numpy(true)}
    columns = curves | edc.derive(curves, sample_rate_hz=rate_hz)
    again = edc.metrics({"edc": torch.from_numpy(predicted)}, columns, sample_rate_hz=rate_hz)
    shared = {key: told["metrics"][key] for key in again}
    recorded = {key: np.nan if value is None else value for key, value in shared.items()}
    assert again == pytest.approx(recorded, abs=1e-6, nan_ok=True)
    names = (tmp_path / "test_ids.txt").read_text().splitlines()
    part = workloads.get("edc").load_test(None, size="tiny")
    assert names == part.names()
    assert np.array_equal(true, part.columns["curve"][part.rows].numpy())
    assert len(set(names)) == len(true)
    with np.load(tmp_path / "scalers.npz", allow_pickle=False) as scalers:
        assert {"feature_mean", "feature_std", "curve_shift", "curve_scale"} <= set(scalers.files)


def curves(rows: int = 6, rate_hz: int = 48_000) -> np.ndarray[Any, Any]:
    time_s = np.arange(2 * rate_hz) / rate_hz
    decay_s = np.linspace(0.4, 1.2, rows)[:, None]
    return (10 ** (-6 * time_s / decay_s)).astype(np.float32)


def test_folder_of_an_older_project_needs_only_its_two_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "targets.npy", curves())
    np.save(tmp_path / "predictions.npy", 0.99 * curves())
    whole = complete(read_metadata(tmp_path))
    assert whole["workload"] == "edc"
    metrics = rescore(tmp_path, whole).metrics
    assert metrics["t20_mae_s"] == pytest.approx(0.0, abs=1e-5)
    assert 0 < metrics["edc_mae"] < 0.01


def test_metadata_may_say_at_which_rate_curves_are(tmp_path: Path) -> None:
    for kind in ("predictions", "targets"):
        np.save(tmp_path / f"{kind}.npy", curves(rate_hz=500))
    with pytest.raises(UserError, match="curves must be longer than 0.05 s"):
        rescore(tmp_path, complete({}))
    metadata = complete({"facts": {"sample_rate_hz": 500.0}})
    assert rescore(tmp_path, metadata).metrics["t20_dropped"] == 0


@pytest.mark.parametrize("text", ["{", "[]", '"text"'])
def test_malformed_metadata_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "metadata.json").write_text(text)
    with pytest.raises(UserError, match=r"metadata.json must"):
        read_metadata(tmp_path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"workload": "unheard"}, "must be one of"),
        ({"workload": ["edc"]}, "must be one of"),
        ({"workload": "emotion"}, "must hold an object predictions"),
        ({"facts": 3}, "must hold an object facts"),
        ({"predictions": ["a"]}, "must hold an object predictions"),
    ],
)
def test_metadata_that_do_not_say_enough_are_refused(
    metadata: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        complete(metadata)


def test_two_older_projects_cannot_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    space = dataclasses.replace(workloads.space("edc"))
    monkeypatch.setattr(workloads, "space", lambda _name: space)
    with pytest.raises(UserError, match="must name its workload, one of edc"):
        complete({})


def broken_array(kind: str) -> Any:
    arrays = {
        "fewer rows": curves(5),
        "other length": curves()[:, ::2],
        "complex": curves().astype(complex),
        "no rows": curves()[:0],
        "one number": np.float32(1.0),
    }
    return arrays[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("fewer rows", "as many rows each, got 5, 6"),
        ("other length", "must be those of edc"),
        ("complex", "predictions.npy must hold rows of real numbers, got complex128"),
        ("one number", "predictions.npy must hold rows"),
        ("no rows", "as many rows each, got 0, 6"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, kind: str, message: str) -> None:
    np.save(tmp_path / "targets.npy", curves())
    np.save(tmp_path / "predictions.npy", broken_array(kind))
    with pytest.raises(UserError, match=message):
        rescore(tmp_path, complete({}))


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_file_that_is_no_array_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "predictions.npy").write_bytes(content)
    with pytest.raises(UserError, match=r"predictions.npy must be an array, but cannot be read"):
        rescore(tmp_path, complete({}))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_damaged_scalers_are_named(tmp_path: Path, content: bytes) -> None:
    for kind in ("predictions", "targets"):
        np.save(tmp_path / f"{kind}.npy", curves())
    (tmp_path / "scalers.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"scalers.npz must hold arrays"):
        rescore(tmp_path, complete({}))


def test_missing_array_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no predictions.npy"):
        rescore(tmp_path, complete({}))


def test_pickled_array_is_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "predictions.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(UserError, match=r"predictions.npy must be an array"):
        rescore(tmp_path, complete({}))


def test_every_remnant_of_a_run_is_found(tmp_path: Path) -> None:
    for place in (
        "a/metadata.json",
        "b/c/predictions.npy",
        "d/checkpoints/best.pt",
        "e/notes.txt",
    ):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(json.dumps({}))
    assert [path.name for path in run_folder.find(tmp_path)] == ["a", "c", "d"]


def test_space_of_edc_is_the_only_one_with_older_runs() -> None:
    spaces: list[Space] = [workloads.space(name) for name in workloads.NAMES]
    assert [space.name for space in spaces if space.older_runs] == ["edc"]
