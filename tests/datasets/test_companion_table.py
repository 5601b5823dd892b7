"""Rules of the samples, each broken once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.companion_table import Rules, Table, check, map_file, read_npz, write
from datasets.contract import DataFormatError

RULES = Rules(3, 2, (-1, 1))


def table(**changed: Any) -> Table:
    made = {"inputs": np.ones((60, 3)), "target": np.zeros((60, 2))}
    return Table(**(made | changed))


def changed_target(row: int, value: float) -> np.ndarray:
    target = np.zeros((60, 2))
    target[row, 1] = value
    return target


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"inputs": np.ones((60, 4))}, r"X must have shape \(n, 3\), got \(60, 4\) in f\.npz"),
        ({"target": np.ones(60)}, r"y must have shape \(n, 2\), got \(60,\) in f\.npz"),
        ({"target": np.zeros((59, 2))}, "as many rows, got 60, 59 and 60"),
        ({"group": np.zeros(3, int)}, "as many rows, got 60, 60 and 3"),
        (
            {"target": changed_target(7, 4.2)},
            r"y must lie in -1\.\.1, got 4\.2 at row 7 of f\.npz \(values on the 1\.\.9 scale are "
            "mapped only from the official DEAM file",
        ),
        ({"group": np.arange(60) % 4}, "50 samples in 5 groups or more, got 60 samples in 4"),
        (
            {"inputs": np.ones((49, 3)), "target": np.zeros((49, 2))},
            "got 49 samples in 49 groups",
        ),
    ],
)
def test_broken_rule_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        check(table(**changed), RULES, "f.npz")


def test_distributions_must_be_non_negative_and_sum_to_one() -> None:
    rules = Rules(3, 2, (0, 1), sums_to_one=True)
    target = np.full((60, 2), 0.5)
    check(table(target=target + 4e-4), rules, "f.npz")
    target[9] = (0.5, 0.6)
    with pytest.raises(DataFormatError, match=r"sum to 1 within 0\.001, got 1\.1 at row 9"):
        check(table(target=target), rules, "f.npz")
    target[9] = (-0.5, 1.5)
    with pytest.raises(DataFormatError, match=r"y must lie in 0\.\.1, got -0\.5 at row 9"):
        check(table(target=target), rules, "f.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_number_that_is_none_is_named_by_its_index(tmp_path: Path, value: float) -> None:
    inputs = np.ones((60, 3))
    inputs[3, 2] = value
    np.savez(tmp_path / "f.npz", X=inputs, y=np.zeros((60, 2)))
    with pytest.raises(DataFormatError, match=f"X must be finite, got {value} at index 3, 2 of f"):
        read_npz(tmp_path / "f.npz")


def test_file_that_is_no_archive_or_lacks_an_array_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.npz").write_text("nothing")
    with pytest.raises(DataFormatError, match=r"f\.npz must be an \.npz archive"):
        read_npz(tmp_path / "f.npz")
    np.savez(tmp_path / "f.npz", X=np.ones((60, 3)))
    with pytest.raises(DataFormatError, match=r"f\.npz must contain 'y', got keys \['X'\]"):
        read_npz(tmp_path / "f.npz")


def test_written_samples_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = Table(
        rng.random((6, 3), np.float32),
        rng.random((6, 2), np.float32),
        group=np.array([0, 0, 1, 1, 2, 2]),
        part=np.array([0, 0, 1, 1, 2, 2]),
        num_items=4,
        left_out=["d (no label)"],
    )
    write(tmp_path / "t.h5", made)
    found = map_file(tmp_path / "t.h5")
    for name in ("inputs", "target", "group", "part"):
        np.testing.assert_array_equal(getattr(found, name), getattr(made, name))
    assert (found.num_items, found.left_out) == (4, ["d (no label)"])
    assert isinstance(found.inputs, np.memmap)


def test_samples_without_groups_are_groups_of_their_own() -> None:
    assert table().groups().tolist() == list(range(60))
