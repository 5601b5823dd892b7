"""Reading measured curves: what is joined, mended and refused."""

import csv
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.edc_files import Recording, convert
from datasets.edc_rooms import generate
from datasets.edc_table import FEATURES, Table

RECORDING = Recording(rate_hz=250, num_samples=500, decimate=5)


class Folder:
    """Curves and a table of features on disk; rooms 8 to 11, so that sorting shows."""

    def __init__(self, root: Path, table: Table) -> None:
        """Write the table."""
        self.table = table
        self.curves_dir = root / "EDC"
        self.features_csv = root / "features.csv"
        self.ids = [f"RIR_{8 + row // 6:03d}_case{3 * (row % 6)}_edc" for row in range(24)]
        self.curves_dir.mkdir()
        for name, curve in zip(self.ids, self.table.curves, strict=True):
            np.save(self.file(name), curve)
        values = zip(self.ids, self.table.features.astype(str).tolist(), strict=True)
        self.lines = [["ID", *FEATURES], *([name, *cells] for name, cells in values)]
        self.write_lines()

    def file(self, name: str) -> Path:
        return self.curves_dir / f"{name}.npy"

    def write_lines(self) -> None:
        with self.features_csv.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(self.lines)

    def convert(self, recording: Recording = RECORDING) -> Table:
        return convert(self.curves_dir, self.features_csv, recording)

    def refusal(self, recording: Recording = RECORDING) -> str:
        with pytest.raises(DataFormatError) as caught:
            self.convert(recording)
        assert "\n" not in str(caught.value)
        return str(caught.value)


@pytest.fixture(scope="module")
def table() -> Table:
    return generate("tiny").head(24)


@pytest.fixture
def folder(tmp_path: Path, table: Table) -> Folder:
    return Folder(tmp_path, table)


def test_rows_are_sorted_by_room_and_case_as_numbers(folder: Folder) -> None:
    table = folder.convert()
    assert table.ids == folder.ids
    assert table.ids[1:6] == [f"RIR_008_case{case}_edc" for case in (3, 6, 9, 12, 15)]
    assert (table.features == folder.table.features).all()
    assert (table.curves == folder.table.curves[:, ::5]).all()
    assert (table.geometry == folder.table.geometry).all()
    assert table.sample_rate_hz == 50


def test_a_shuffled_csv_gives_the_same_pairs(folder: Folder) -> None:
    before = folder.convert()
    order = np.random.default_rng(0).permutation(24) + 1
    folder.lines = [folder.lines[0], *(folder.lines[line] for line in order)]
    folder.write_lines()
    after = folder.convert()
    assert after.ids == before.ids
    assert (after.features == before.features).all()
    assert (after.curves == before.curves).all()


def test_columns_are_read_by_name(folder: Folder) -> None:
    folder.lines = [line[::-1] for line in folder.lines]
    folder.write_lines()
    assert (folder.convert().features == folder.table.features).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("shape", [(500,), (1, 500), (500, 1)])
def test_floats_of_any_width_are_read_flat(
    folder: Folder, dtype: str, shape: tuple[int, ...]
) -> None:
    curve = folder.table.curves[0].astype(dtype)
    np.save(folder.file(folder.ids[0]), curve.reshape(shape))
    assert (folder.convert().curves[0] == curve.astype(np.float32)[::5]).all()


def test_a_longer_curve_is_cut_and_a_shorter_one_padded_and_both_are_counted(
    folder: Folder,
) -> None:
    curve = folder.table.curves[0]
    np.save(folder.file(folder.ids[0]), np.append(curve, [0, 0, 0]))
    np.save(folder.file(folder.ids[1]), curve[:203])
    table = folder.convert()
    assert table.curves.shape == (24, 100)
    assert (table.curves[0] == curve[::5]).all()
    assert (table.curves[1, :41] == curve[:203:5]).all()
    assert (table.curves[1, 41:] == 0).all()
    assert (table.config["cut"], table.config["padded"]) == (1, 1)


def test_a_curve_that_does_not_start_at_1_is_divided_by_its_start_and_counted(
    folder: Folder,
) -> None:
    np.save(folder.file(folder.ids[0]), 40 * folder.table.curves[0].astype(np.float64))
    np.save(folder.file(folder.ids[1]), 1.0005 * folder.table.curves[1].astype(np.float64))
    table = folder.convert()
    np.testing.assert_allclose(table.curves[0], folder.table.curves[0, ::5], rtol=1e-6)
    assert table.curves[1, 0] == pytest.approx(1.0005)
    assert table.config["renormalised"] == 1


def test_a_noise_floor_and_exact_zeros_are_legal(folder: Folder) -> None:
    curve = folder.table.curves[0]
    np.save(folder.file(folder.ids[0]), np.maximum(curve, 1e-3))
    np.save(folder.file(folder.ids[1]), np.where(curve < 1e-3, 0, curve))
    assert folder.convert().curves[1, -1] == 0


def test_a_blank_line_and_a_byte_order_mark_are_legal(folder: Folder) -> None:
    text = folder.features_csv.read_text(encoding="utf-8")
    folder.features_csv.write_text(text + "\n\n", encoding="utf-8-sig")
    assert len(folder.convert()) == 24


def test_a_missing_folder_or_csv_is_named(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere must be a folder of \*_edc\.npy"):
        convert(tmp_path / "nowhere", folder.features_csv, RECORDING)
    with pytest.raises(FileNotFoundError, match=r"none\.csv must be a CSV table"):
        convert(folder.curves_dir, tmp_path / "none.csv", RECORDING)


def test_missing_unknown_and_repeated_columns_are_named(folder: Folder) -> None:
    folder.lines[0][1], folder.lines[0][5] = "Depth", "f7"
    folder.write_lines()
    message = folder.refusal()
    assert "column Length is missing" in message
    assert "column Depth is unknown" in message
    assert "column f7 is unknown or repeated" in message


def test_a_csv_that_is_empty_or_not_utf8_is_refused(folder: Folder) -> None:
    folder.features_csv.write_text("")
    assert "column ID is missing" in folder.refusal()
    folder.features_csv.write_bytes("ID,Länge\n".encode("latin-1"))
    assert "must be a CSV table in UTF-8" in folder.refusal()


def test_a_duplicate_id_is_named_with_its_line(folder: Folder) -> None:
    folder.lines.append(folder.lines[3])
    folder.write_lines()
    assert f"duplicate ID {folder.ids[2]} in line 26" in folder.refusal()


def test_a_line_with_too_few_or_too_many_cells_is_named(folder: Folder) -> None:
    folder.lines[2] = folder.lines[2][:-1]
    folder.lines[3] = [*folder.lines[3], "0.5"]
    folder.write_lines()
    message = folder.refusal()
    assert "line 3 must have 17 cells, got 16" in message
    assert "line 4 must have 17 cells, got 18" in message


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("Width", "wide", "must be a number, got 'wide'"),
        ("Width", "", "must be a number, got ''"),
        ("Width", "nan", "must be above 0 m, got nan"),
        ("Width", "1e300", "must be above 0 m, got inf"),
        ("Source_Y", "50", "must be inside the box, got 50"),
        ("f2", "1", "must be at least 0 and below 1, got 1"),
        ("f2", "0.999999999999", "must be at least 0 and below 1, got 1"),
    ],
)
def test_an_impossible_cell_is_named_with_column_row_and_value(
    folder: Folder, column: str, cell: str, rule: str
) -> None:
    folder.lines[5][1 + FEATURES.index(column)] = cell
    folder.write_lines()
    assert f"{column} of {folder.ids[4]} {rule}" in folder.refusal()


def test_curves_without_row_and_rows_without_curve_are_counted_and_named(folder: Folder) -> None:
    del folder.lines[2:9]
    folder.write_lines()
    folder.file(folder.ids[-1]).unlink()
    message = folder.refusal()
    assert f"7 curves without row: {', '.join(sorted(folder.ids[1:8])[:5])};" in message
    assert f"1 rows without curve: {folder.ids[-1]}" in message


def test_allow_partial_uses_the_intersection_and_records_both_counts(folder: Folder) -> None:
    del folder.lines[2:9]
    folder.write_lines()
    folder.file(folder.ids[-1]).unlink()
    table = folder.convert(Recording(250, 500, 5, allow_partial=True))
    kept = [0, *range(8, 23)]
    assert table.ids == [folder.ids[row] for row in kept]
    assert (table.features == folder.table.features[kept]).all()
    assert table.config["curves_without_row"] == 7
    assert table.config["rows_without_curve"] == 1


def test_an_empty_intersection_is_refused(folder: Folder) -> None:
    del folder.lines[1:]
    folder.write_lines()
    assert "no curve has a row" in folder.refusal(Recording(250, 500, 5, allow_partial=True))


def test_a_file_name_out_of_the_pattern_is_named_beside_it(folder: Folder) -> None:
    np.save(folder.curves_dir / "room8.npy", folder.table.curves[0])
    assert "room8.npy must be named RIR_" in folder.refusal()


def stored(save: Callable[..., None], array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    save(stream, array)
    return stream.getvalue()


WHOLE = stored(np.save, np.exp(-np.arange(500.0)))
DAMAGED = {
    "object array": stored(np.save, np.array([{"a": 1}], dtype=object)),
    "pickle": pickle.dumps([1.0, 0.5]),
    "archive": stored(np.savez, np.ones(3)),
    "truncated": WHOLE[:-100],
    "cut in the header": WHOLE[:50],
    "garbled header": WHOLE.replace(b"{'descr'", b"{((('''("),
    "empty": b"",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_an_unreadable_file_is_named_and_never_unpickled(folder: Folder, content: bytes) -> None:
    folder.file(folder.ids[2]).write_bytes(content)
    assert f"{folder.ids[2]}.npy must be a complete .npy array" in folder.refusal()


@pytest.mark.parametrize(
    "array",
    [
        np.ones(500, dtype=np.complex64),
        np.ones(500, dtype=np.int16),
        np.ones((2, 250), dtype=np.float32),
        np.ones((1, 1, 500), dtype=np.float32),
        np.ones(500, dtype=np.longdouble),
        np.ones(0, dtype=np.float32),
        np.float32(1),
    ],
)
def test_a_wrong_type_or_shape_is_named(folder: Folder, array: np.ndarray) -> None:
    np.save(folder.file(folder.ids[2]), array)
    message = folder.refusal()
    assert f"{folder.ids[2]}.npy must be one curve" in message
    assert f"got {array.dtype} of shape {array.shape}" in message


@pytest.mark.parametrize(
    ("sample", "value"), [(0, 0.0), (0, -1.0), (31, np.nan), (31, -1e-5), (31, 0.999)]
)
def test_what_is_not_a_decay_curve_is_named_with_its_sample(
    folder: Folder, sample: int, value: float
) -> None:
    curve = np.exp(-np.arange(500) / 50)
    curve[sample] = value
    np.save(folder.file(folder.ids[2]), curve)
    message = folder.refusal()
    assert f"{folder.ids[2]}.npy is not a decay curve: sample {sample} must" in message


def test_a_curve_of_zeros_is_refused(folder: Folder) -> None:
    np.save(folder.file(folder.ids[2]), np.zeros(500))
    assert "not a decay curve: sample 0 must be above 0, got 0" in folder.refusal()


def test_all_damaged_files_are_counted(folder: Folder) -> None:
    for name in folder.ids[:7]:
        folder.file(name).write_bytes(b"")
    message = folder.refusal()
    assert "has 7 problems" in message
    assert folder.ids[4] in message
    assert folder.ids[5] not in message


def test_a_rate_that_decimate_does_not_divide_is_refused() -> None:
    with pytest.raises(DataFormatError, match="divisible by decimate, got 48000 and 7"):
        Recording(decimate=7)
