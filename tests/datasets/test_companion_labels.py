"""Labels of emotion."""

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.companion_labels import emotion, label_of, number, read_labels, unused_labels
from datasets.contract import DataFormatError


def save(root: Path, content: Any) -> Path:
    (root / "emotion_labels.json").write_text(json.dumps(content))
    return root


def test_labels_are_read_by_file_name(tmp_path: Path) -> None:
    root = save(tmp_path, {"a.mid": {"valence": 0.5, "arousal": -1}})
    assert read_labels(root) == {"a.mid": (0.5, -1.0)}


def test_missing_labels_are_an_error_with_their_format(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='a label for every file: {"file name": {"val'):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"valence": 2, "arousal": 0}, r"valence must be a number in -1\.\.1, got 2 for a\.mid"),
        ({"valence": 5.5, "arousal": 0}, r"scale are mapped only from the official DEAM file"),
        ({"valence": 0}, r"arousal must be a number in -1\.\.1, got None for a\.mid"),
        ({"valence": 0, "arousal": "loud"}, "arousal must be a number .* got loud"),
        ([0, 0], r"a label must hold valence and arousal, got \[0, 0\] for a\.mid"),
    ],
)
def test_label_outside_its_range_is_named(tmp_path: Path, label: Any, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_labels(save(tmp_path, {"a.mid": label}))


def test_other_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"emotion_labels\.json must be \{.*got list"):
        read_labels(save(tmp_path, []))
    (tmp_path / "emotion_labels.json").write_text("{")
    with pytest.raises(
        DataFormatError, match=r"emotion_labels\.json must be JSON, got: .* line 1"
    ):
        read_labels(tmp_path)


def test_label_is_found_by_path_before_bare_name() -> None:
    labels = {"a.mid": (0.0, 0.0), "x/a.mid": (1.0, 1.0)}
    assert label_of("x/a.mid", labels) == (1.0, 1.0)
    assert label_of("y/a.mid", labels) == (0.0, 0.0)
    with pytest.raises(DataFormatError, match="no label"):
        label_of("b.mid", labels)
    assert unused_labels(["y/a.mid"], labels) == ["x/a.mid"]


def test_nan_is_no_label() -> None:
    with pytest.raises(DataFormatError, match="got nan for x"):
        emotion({"valence": float("nan"), "arousal": 0}, "x")
    assert number("9", "valence", "x", (1, 9)) == 9
