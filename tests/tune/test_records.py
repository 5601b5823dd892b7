import json
import math
from pathlib import Path

import pytest

from tune import records


def row(epoch: int, value: float, objective: float, best_epoch: int) -> dict[str, float]:
    fixed = {"epoch": epoch, "value": value, "objective": objective, "best_epoch": best_epoch}
    return fixed | {"train_loss": 1.0, "lr": 0.1, "skipped_steps": 0, "seconds": 2.0, "mse": value}


ROWS = [row(1, 3.0, 3.0, 1), row(2, 1.0, 1.0, 2), row(3, 2.0, 1.0, 2)]


def test_rows_come_back_as_they_were_appended(tmp_path: Path) -> None:
    for each in ROWS:
        records.append_row(tmp_path / "metrics.csv", each)
    assert records.read_rows(tmp_path / "metrics.csv") == ROWS


def test_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for each in ROWS:
        records.append_row(path, each)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = records.read_rows(path)
        assert kept == ROWS[: len(kept)]


def test_rows_the_study_does_not_know_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for each in ROWS:
        records.append_row(path, each)
    records.keep_rows(path, 2)
    records.append_row(path, ROWS[2])
    assert records.read_rows(path) == ROWS


def test_summary_holds_metrics_at_the_best_and_at_the_last_epoch() -> None:
    summary = records.summarise(ROWS)
    assert summary["epochs"] == 3
    assert summary["best_epoch"] == 2
    assert summary["seconds"] == 6.0
    assert summary["best"] == {"mse": 1.0}
    assert summary["last"] == {"mse": 2.0}


def test_summary_of_nothing_is_no_epochs() -> None:
    assert records.summarise([]) == {"epochs": 0, "seconds": 0.0}


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_neutralised(text: str) -> None:
    assert f"'{text}" in records.csv_text([{"reason": text}])


def test_negative_numbers_stay_numbers() -> None:
    assert "-1.5" in records.csv_text([{"value": -1.5}])
    assert "'" not in records.csv_text([{"value": -1.5}])


def test_columns_are_those_of_all_rows() -> None:
    text = records.csv_text([{"a": 1}, {"b": 2}])
    assert text == "a,b\n1,\n,2\n"


def test_json_has_null_for_what_is_not_finite(tmp_path: Path) -> None:
    records.write_json(tmp_path / "best.json", {"a": [math.nan, 1.0], "b": -math.inf})
    assert json.loads((tmp_path / "best.json").read_text()) == {"a": [None, 1.0], "b": None}


def test_replacing_a_file_leaves_no_partial_one(tmp_path: Path) -> None:
    records.write_text(tmp_path / "a.txt", "one")
    records.write_text(tmp_path / "a.txt", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
