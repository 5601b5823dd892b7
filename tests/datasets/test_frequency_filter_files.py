"""Layout A: every rule of ``training_data.npz`` is checked, and the message says where."""

from pathlib import Path

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.frequency_filter_files import has_windows, read_windows
from datasets.frequency_filter_signal import Array, series, windows


@pytest.fixture
def arrays() -> dict[str, Array]:
    """Three small parts of two tones, as the original project writes them."""
    made: dict[str, Array] = {"sequence_length": np.array(20), "selectors": np.eye(2)[::-1]}
    for seed, suffix in enumerate(("train", "val", "test")):
        tones = {"frequencies_hz": (3.0, 8.0), "phases_rad": (0.0, 1.0), "duration_s": 0.5}
        columns = windows(series(seed, **tones), 20, 40)  # type: ignore[arg-type]
        made |= {f"X_{suffix}": columns["inputs"], f"y_{suffix}": columns["target"]}
    return made


def write(root: Path, arrays: dict[str, Array]) -> Path:
    """Write the file; return its directory."""
    np.savez(root / "training_data.npz", **arrays)  # type: ignore[arg-type]
    return root


def test_windows_are_read_as_written(tmp_path: Path, arrays: dict[str, Array]) -> None:
    arrays["X_train"] = arrays["X_train"].astype(np.float64)
    tables = read_windows(write(tmp_path, arrays))
    assert list(tables) == ["train", "validation", "test"]
    train = tables["train"]
    assert train["inputs"].dtype == train["target"].dtype == np.float32
    np.testing.assert_array_equal(train["inputs"], arrays["X_train"])
    np.testing.assert_array_equal(tables["test"]["target"], arrays["y_test"])
    np.testing.assert_array_equal(train["selector"], np.tile([0, 1], len(train["selector"]) // 2))


def test_ready_windows_win_over_raw_series(tmp_path: Path, arrays: dict[str, Array]) -> None:
    for part in ("train", "test"):
        (tmp_path / f"frequency_data_{part}.npz").touch()
    assert not has_windows(tmp_path)
    assert has_windows(write(tmp_path, arrays))


def test_directory_without_data_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "frequency_data_train.npz").touch()
    with pytest.raises(FileNotFoundError) as error:
        has_windows(tmp_path)
    for text in (str(tmp_path), "training_data.npz", "frequency_data_test.npz", "embedded data"):
        assert text in str(error.value)


def test_missing_key_is_named_with_those_present(tmp_path: Path, arrays: dict[str, Array]) -> None:
    del arrays["y_val"]
    with pytest.raises(DataFormatError, match=r"must contain 'y_val', got keys \['X_test'"):
        read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize("key", ["X_train", "y_val", "X_test"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_value_that_is_not_finite_is_located(
    tmp_path: Path, arrays: dict[str, Array], key: str, value: float
) -> None:
    arrays[key][3, 5, 0] = value
    message = rf"{key} must be finite, got {value} at index 3, 5, 0 of training_data.npz"
    with pytest.raises(DataFormatError, match=message):
        read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize(
    ("key", "cut"),
    [
        ("y_train", np.s_[:-1]),
        ("y_train", np.s_[:, :-1]),
        ("y_test", np.s_[..., 0]),
        ("X_val", np.s_[..., :-1]),
        ("X_val", np.s_[:0]),
        ("X_train", np.s_[0]),
    ],
)
def test_shapes_that_do_not_belong_together_are_both_named(
    tmp_path: Path, arrays: dict[str, Array], key: str, cut: tuple[slice, ...]
) -> None:
    arrays[key] = arrays[key][cut]
    with pytest.raises(DataFormatError, match="must have shapes") as error:
        read_windows(write(tmp_path, arrays))
    assert str(arrays[key].shape) in str(error.value)
    other = ("y" if key[0] == "X" else "X") + key[1:]
    assert str(arrays[other].shape) in str(error.value)


def test_wrong_sequence_length_is_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    arrays["sequence_length"] = np.array(21)
    with pytest.raises(DataFormatError, match="the 20 steps of X_train, got 21"):
        read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize("shape", [(2,), ()])
def test_sequence_length_must_be_one_number(
    tmp_path: Path, arrays: dict[str, Array], shape: tuple[int, ...]
) -> None:
    arrays["sequence_length"] = np.full(shape, 20)
    if shape:
        with pytest.raises(DataFormatError, match=r"must be one number, got shape \(2,\)"):
            read_windows(write(tmp_path, arrays))
    else:
        assert read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize(
    "selectors", [np.ones((2, 2)), np.eye(2)[:1], np.eye(2)[0], np.array(1.0) * 2]
)
def test_selectors_must_be_the_identity(
    tmp_path: Path, arrays: dict[str, Array], selectors: Array
) -> None:
    arrays["selectors"] = selectors
    with pytest.raises(DataFormatError, match="rows of the identity"):
        read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize("channels", [(1, 1), (0, 0), (0.5, 0.5), (0, 1)])
def test_selector_that_is_not_one_hot_or_changes_is_located(
    tmp_path: Path, arrays: dict[str, Array], channels: tuple[float, float]
) -> None:
    arrays["X_val"][4, 7, 1:] = channels
    with pytest.raises(DataFormatError, match="at row 4, step 7 of X_val"):
        read_windows(write(tmp_path, arrays))


def test_objects_are_never_unpickled(tmp_path: Path, arrays: dict[str, Array]) -> None:
    arrays["y_val"] = np.array([{}], dtype=object)
    with pytest.raises(DataFormatError, match="y_val must be an array of numbers"):
        read_windows(write(tmp_path, arrays))


def test_text_is_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    arrays["y_val"] = np.array(["a"])
    with pytest.raises(DataFormatError, match="y_val must hold numbers, got <U1"):
        read_windows(write(tmp_path, arrays))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_file_that_is_no_archive_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "training_data.npz").write_bytes(content)
    with pytest.raises(DataFormatError, match="training_data.npz must be an .npz archive"):
        read_windows(tmp_path)


def test_single_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "training_data.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataFormatError, match="got one array"):
        read_windows(tmp_path)
