"""Chord progressions from a JSON file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.companion_chords import chord_class
from datasets.companion_harmony import load, load_test
from datasets.companion_latent import embedding
from datasets.companion_progressions import read
from datasets.contract import DataFormatError

EMOTION = {"valence": 0.5, "arousal": -0.5}


def save(root: Path, progressions: list[Any], key: str | None = "progressions") -> Path:
    content = progressions if key is None else {key: progressions}
    (root / "chord_progressions.json").write_text(json.dumps(content))
    return root


def entry(*chords: str, **changed: Any) -> dict[str, Any]:
    return {"chords": [*chords], "emotion": EMOTION} | changed


@pytest.mark.parametrize("key", ["progressions", "chord_progressions", None])
def test_every_chord_from_the_third_on_is_a_sample(tmp_path: Path, key: str | None) -> None:
    table = read(save(tmp_path, [entry("C", "Am", "G7", "C")], key))
    assert (table.inputs.shape, table.target.shape) == ((2, 128), (2, 64))
    np.testing.assert_allclose(table.inputs[:, :64], np.tile(embedding(0.5, -0.5), (2, 1)))
    assert table.inputs[0, 64 + chord_class("Am")] == 1
    assert table.inputs[0, 64 + chord_class("C")] == 0.5
    assert table.target.argmax(axis=1).tolist() == [chord_class("G7"), chord_class("C")]


def test_short_progressions_give_nothing(tmp_path: Path) -> None:
    table = read(save(tmp_path, [entry("C", "F"), entry(), entry("C", "F", "G")]))
    assert len(table.inputs) == 1


def test_equal_progressions_go_to_one_side(tmp_path: Path) -> None:
    one, other = entry("C", "Am", "G"), entry("F", "G", "C")
    table = read(save(tmp_path, [one, other, entry("CM", "Amin", "G"), other]))
    assert table.groups().tolist() == [0, 1, 0, 1]


def test_parts_are_dealt_by_group(tmp_path: Path) -> None:
    names = ["C", "D", "E", "F", "G", "A", "B", "Bb", "Eb", "Ab"]
    progressions = [entry(a, b, "C", "F", "G", a) for a in names for b in names[:2]]
    data, test = load(save(tmp_path, progressions)), load_test(tmp_path)
    groups = data.groups.numpy()
    sides = [set(groups[part.rows].tolist()) for part in (data.train, data.validation, test)]
    assert [len(side) for side in sides] == [16, 2, 2]
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]


def test_unlabelled_progression_is_left_out_and_counted(tmp_path: Path) -> None:
    unlabelled = {"chords": ["C", "F", "G"]}
    table = read(save(tmp_path, [entry("C", "Am", "G"), unlabelled]))
    assert len(table.inputs) == 1
    assert list(table.left_out) == ["progression 1 of chord_progressions.json (no label)"]


@pytest.mark.parametrize(
    ("progressions", "message"),
    [
        (
            [entry("C"), entry("C", "G", "Hm7")],
            r"chord 'Hm7' \(progression 1, position 2\) must be <root><suffix>, known suffixes",
        ),
        ([entry("C", chords="C Am")], "chords must be a list of names, got C Am in progression 0"),
        (
            [entry("C", chords=["C", 3])],
            r"list of names, got \['C', 3\] in progression 0 of chord",
        ),
        (
            [entry("C", "F", "G", emotion={"valence": 7, "arousal": 0})],
            r"valence must be a number in -1\.\.1, got 7 for progression 0",
        ),
        ([], "must be .* or the bare list, got no such list"),
        ([3], "must be .* or the bare list, got no such list"),
    ],
)
def test_broken_entry_is_named(tmp_path: Path, progressions: list[Any], message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read(save(tmp_path, progressions))


def test_unknown_chord_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="chord 'CM9'"):
        load(save(tmp_path, [entry("C", "CM9", "G")]))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"harmony\.npz or chord_progressions\.json"):
        read(tmp_path)
