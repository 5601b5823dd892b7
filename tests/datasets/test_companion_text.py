"""Tables of the user."""

from pathlib import Path

import pytest

from datasets.companion_text import read_csv
from datasets.contract import DataFormatError


def save(root: Path, text: str) -> Path:
    path = root / "t.csv"
    path.write_text(text)
    return path


def test_blanks_around_header_and_values_do_not_count(tmp_path: Path) -> None:
    path = save(tmp_path, "song_id, valence_mean ,x\n 7, 3.5,1\n\n8,4,2\n")
    rows = read_csv(path, ["song_id", "valence_mean"])
    assert rows == [
        {"song_id": "7", "valence_mean": "3.5", "x": "1"},
        {"song_id": "8", "valence_mean": "4", "x": "2"},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", r"t\.csv must have the columns a, c, got no c among a, b"),
        ("", "got no a, c among nothing"),
        ("a,c\n", r"t\.csv must have rows, got its header alone"),
        ("a,c\n1,2\n3\n", r"row 2 of t\.csv must have 2 values, got 1"),
    ],
)
def test_table_without_its_columns_or_values_is_named(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_csv(save(tmp_path, text), ["a", "c"])
