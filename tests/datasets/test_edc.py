"""Loading ``edc``: parts, facts and record, from embedded rooms, a file and a folder."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets import edc, edc_store
from datasets.contract import DataFormatError
from datasets.edc_rooms import generate
from datasets.edc_table import FEATURES, Table


def save_folder(root: Path, table: Table) -> None:
    """Write a table as the files that a user has."""
    ids = [
        f"RIR_{g + 1:03d}_case{m}_edc" for g, m in zip(table.geometry, table.material, strict=True)
    ]
    (root / "EDC").mkdir()
    for name, curve in zip(ids, table.curves, strict=True):
        np.save(root / "EDC" / f"{name}.npy", curve)
    with (root / "features.csv").open("w", newline="") as stream:
        rows = zip(ids, table.features.astype(str).tolist(), strict=True)
        csv.writer(stream).writerows([["ID", *FEATURES], *([name, *row] for name, row in rows)])


@pytest.fixture(scope="module")
def table() -> Table:
    return generate("tiny")


@pytest.fixture
def folder(tmp_path: Path, table: Table) -> Path:
    save_folder(tmp_path, table)
    return tmp_path


RECORDING = {"file_rate_hz": 250, "file_samples": 500, "decimate": 5}


def test_every_row_lies_in_one_part_and_no_geometry_on_two_sides(table: Table) -> None:
    data = edc.load(size="tiny")
    parts = [part.rows for part in (data.train, data.validation, edc.load_test(size="tiny"))]
    assert [len(rows) for rows in parts] == [30, 6, 12]
    assert sorted(torch.cat(parts).tolist()) == list(range(48))
    sides = [set(table.geometry[rows].tolist()) for rows in parts]
    assert sum(len(side) for side in sides) == len(set.union(*sides)) == 8


def test_columns_are_unscaled_whatever_the_scaler(table: Table) -> None:
    test = edc.load_test(size="tiny", scaler_y="standard")
    batch = test.batch(torch.arange(len(test)))
    assert batch["inputs"].dtype == batch["curve"].dtype == torch.float32
    assert (batch["inputs"].numpy() == table.features[test.rows]).all()
    assert (batch["curve"].numpy() == table.curves[test.rows]).all()


def test_facts_equal_the_data_used() -> None:
    data = edc.load(size="tiny", points_per_second=125, features="physics", max_samples=40)
    inputs, curve = data.train.columns["inputs"], data.train.columns["curve"]
    assert inputs.shape == (40, data.facts["num_features"]) == (40, 48)
    assert curve.shape == (40, data.facts["num_samples"]) == (40, 250)
    assert data.facts["sample_rate_hz"] == 125.0
    assert data.facts["feature_mean"].shape == data.facts["feature_std"].shape == (48,)
    assert data.facts["curve_shift"].shape == data.facts["curve_scale"].shape == (250,)
    rows = data.record["rows"]
    assert (rows["train"], rows["validation"]) == (len(data.train), len(data.validation))
    assert sum(rows.values()) == 40


def test_a_size_with_fewer_points_than_asked_keeps_its_own() -> None:
    assert edc.load(size="tiny").facts["sample_rate_hz"] == 250.0


@pytest.mark.parametrize("scaler_y", ["standard", "minmax", "robust"])
def test_scalers_know_the_training_rows_only(tmp_path: Path, table: Table, scaler_y: str) -> None:
    test_rows = edc.load_test(size="tiny").rows
    changed = Table.of(table.ids, table.features, table.curves.copy(), 250, {})
    changed.curves[test_rows, 1:] *= 0.5
    changed.features[test_rows, 9:] = 0.5
    edc_store.write(tmp_path / "a.h5", table)
    edc_store.write(tmp_path / "b.h5", changed)
    before = edc.load(tmp_path / "a.h5", scaler_y=scaler_y)
    after = edc.load(tmp_path / "b.h5", scaler_y=scaler_y)
    for name in ("feature_mean", "feature_std", "curve_shift", "curve_scale"):
        assert torch.equal(before.facts[name], after.facts[name])
    assert before.record["fingerprint"] != after.record["fingerprint"]


def test_training_rows_have_mean_0_and_deviation_1_after_scaling() -> None:
    data = edc.load(size="tiny", features="physics", scaler_y="standard")
    batch = data.train.batch(torch.arange(len(data.train)))
    for column, shift, scale in (
        ("inputs", "feature_mean", "feature_std"),
        ("curve", "curve_shift", "curve_scale"),
    ):
        scaled = (batch[column] - data.facts[shift]) / data.facts[scale]
        varying = data.facts[scale] != 1
        assert varying.any()
        assert scaled.mean(0).abs().max() < 1e-4
        assert (scaled.std(0, correction=0)[varying] - 1).abs().max() < 1e-3


def test_constant_columns_of_the_grid_stay_finite() -> None:
    data = edc.load(size="tiny", layout="grid", features="physics")
    scaled = (data.train.columns["inputs"] - data.facts["feature_mean"]) / data.facts[
        "feature_std"
    ]
    assert torch.isfinite(scaled).all()
    assert (scaled[:, FEATURES.index("Source_Z")] == 0).all()


def test_no_scaler_leaves_shift_0_and_scale_1() -> None:
    facts = edc.load(size="tiny").facts
    assert (facts["curve_shift"] == 0).all()
    assert (facts["curve_scale"] == 1).all()


def test_two_loads_share_the_mapped_curves() -> None:
    one, other = edc.load(size="tiny"), edc.load(size="tiny", features="physics", split="random")
    assert one.train.columns["curve"].data_ptr() == other.train.columns["curve"].data_ptr()


@pytest.mark.parametrize("split", ["material", "random"])
def test_other_splits_leave_their_own_test_rows(table: Table, split: str) -> None:
    data = edc.load(size="tiny", split=split)
    test = edc.load_test(size="tiny", split=split)
    assert data.record["rows"]["test"] == len(test)
    if split == "material":
        assert not set(table.material[test.rows]) & set(table.material[data.train.rows])


def test_record_is_plain_and_says_what_was_loaded() -> None:
    record = edc.load(size="tiny", split="random", split_seed=3).record
    assert json.loads(json.dumps(record)) == record
    assert record["source"] == "generated"
    assert (record["split"], record["split_seed"]) == ("random", 3)
    assert "one room" in record["warnings"][0]
    assert edc.load(size="tiny").record["warnings"] == []


def test_fingerprint_follows_rows_and_split_but_not_how_they_are_shown() -> None:
    base = edc.load(size="tiny").record["fingerprint"]
    for other in ({"seed": 1}, {"max_samples": 40}, {"split": "material"}, {"split_seed": 1}):
        assert edc.load(size="tiny", **other).record["fingerprint"] != base
    for same in ({"features": "physics"}, {"scaler_y": "robust"}):
        assert edc.load(size="tiny", **same).record["fingerprint"] == base


@pytest.mark.parametrize(
    "option",
    [
        {"size": "huge"},
        {"layout": "round"},
        {"features": "deep"},
        {"scaler_y": "max"},
        {"split": "house"},
    ],
)
def test_an_unknown_option_lists_the_known_ones(option: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"must be one of .*, got '"):
        edc.load(**({"size": "tiny"} | option))


def test_two_geometries_are_too_few_for_a_geometry_split() -> None:
    with pytest.raises(DataFormatError, match="at least 3 geometries, .* got 2"):
        edc.load(size="tiny", max_samples=12)


def test_a_folder_gives_the_rows_of_its_files(folder: Path, table: Table) -> None:
    data = edc.load(folder, **RECORDING)
    assert (data.train.columns["inputs"].numpy() == table.features).all()
    assert (data.train.columns["curve"].numpy() == table.curves[:, ::5]).all()
    assert data.facts["sample_rate_hz"] == 50.0
    assert (data.record["renormalised"], data.record["cut"], data.record["padded"]) == (0, 0, 0)
    assert data.record["source"] == str(folder / "EDC")


def test_a_changed_file_is_noticed(folder: Path, table: Table) -> None:
    before = edc.load(folder, **RECORDING).record["fingerprint"]
    np.save(folder / "EDC/RIR_001_case0_edc.npy", 3 * table.curves[1].astype(np.float64))
    after = edc.load(folder, **RECORDING).record
    assert after["fingerprint"] != before
    assert after["warnings"] == ["1 curves did not start at 1 and were divided by their start"]


def test_a_folder_that_lacks_something_is_named_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere must be .* one CSV .* EDC/\*\.npy"):
        edc.load(tmp_path / "nowhere")
    (tmp_path / "features.csv").write_text("ID\n")
    with pytest.raises(FileNotFoundError, match="EDC must be a folder"):
        edc.load(tmp_path)


def test_two_csv_tables_are_refused(folder: Path) -> None:
    (folder / "other.csv").write_text("")
    with pytest.raises(DataFormatError, match=r"one CSV .*, got features\.csv, other\.csv"):
        edc.load(folder)


def test_a_refused_folder_leaves_nothing_to_be_taken_for_data(folder: Path) -> None:
    (folder / "EDC/RIR_001_case0_edc.npy").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(DataFormatError, match="RIR_001_case0_edc"):
            edc.load(folder, **RECORDING)


def test_a_converted_file_loads_like_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--file-rate-hz", "250", "--file-samples", "500", "--decimate", "5"]
    out = folder / "rooms.h5"
    assert edc.main([str(folder / "EDC"), str(folder / "features.csv"), str(out), *flags]) == 0
    assert "48 curves at 50 points per second" in capsys.readouterr().out
    from_file, from_folder = edc.load(out), edc.load(folder, **RECORDING)
    assert from_file.record == from_folder.record
    assert [path.name for path in folder.iterdir() if path.suffix == ".part"] == []


def test_a_failed_conversion_is_one_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "features.csv").write_text("ID\n")
    out = folder / "rooms.h5"
    with pytest.raises(SystemExit) as caught:
        edc.main([str(folder / "EDC"), str(folder / "features.csv"), str(out)])
    assert caught.value.code == 2
    assert "column Length is missing" in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


@pytest.mark.parametrize("split", ["geometry", "material"])
def test_groups_are_what_the_split_keeps_together(table: Table, split: str) -> None:
    groups = edc.load(size="tiny", split=split).groups
    assert groups is not None
    assert (groups.numpy() == getattr(table, split)).all()
    assert edc.load(size="tiny", split="random").groups is None


def test_scalers_are_fitted_again_on_the_rows_given(table: Table) -> None:
    data = edc.load(size="tiny", scaler_y="standard")
    assert data.fit is not None
    for name, value in data.fit(data.train.rows).items():
        assert torch.equal(torch.as_tensor(value), torch.as_tensor(data.facts[name]))
    rows = data.train.rows[:9]
    mean = torch.from_numpy(table.features[rows.numpy()].mean(axis=0, dtype=np.float64)).float()
    assert torch.equal(data.fit(rows)["feature_mean"], mean)
