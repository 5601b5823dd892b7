"""Grooves of real drum performances."""

import json
from pathlib import Path

import numpy as np
import pytest

from datasets.companion_drums import grooves, read
from datasets.companion_groove import load, load_test
from datasets.companion_latent import embedding, groove_features
from datasets.companion_midi import read_notes
from tests.datasets.companion_midi_files import Note, scale, write_midi

PARTS = ("train", "train", "validation", "test")


def save(root: Path, num_files: int) -> Path:
    """Write files of two grooves each, their table and their labels."""
    names = [f"drummer{index % 4}/{index}.mid" for index in range(num_files)]
    for name in names:
        write_midi(root / name, scale(96 + 40, channel=9))
    rows = [f"{name},{PARTS[index % 4]},rock" for index, name in enumerate(names)]
    (root / "info.csv").write_text("\n".join(["midi_filename,split,style", *rows]))
    labels = {name: {"valence": -0.5, "arousal": 0.75} for name in names}
    (root / "emotion_labels.json").write_text(json.dumps(labels))
    return root


@pytest.mark.parametrize(
    ("num_hits", "num_grooves"), [(31, 0), (32, 1), (96, 1), (127, 1), (128, 2), (192, 2)]
)
def test_last_run_counts_from_32_hits_on(tmp_path: Path, num_hits: int, num_grooves: int) -> None:
    notes = read_notes(write_midi(tmp_path / "a.mid", scale(num_hits, channel=9)))
    assert grooves(notes).shape == (num_grooves, 32)


def test_deviation_is_from_the_nearest_beat_whatever_the_tempo(tmp_path: Path) -> None:
    offsets = np.array([0.1, -0.2, 0.25, -0.5] * 8)
    hits = [Note(index + 1 + offset, 0.05, 36, 127, 9) for index, offset in enumerate(offsets)]
    expected = groove_features(offsets, np.ones(32))
    for bpm in (60, 174):
        notes = read_notes(write_midi(tmp_path / "a.mid", hits, tempo_bpm=bpm))
        np.testing.assert_allclose(grooves(notes)[0], expected, atol=1e-6)


def test_official_parts_and_labels_are_taken(tmp_path: Path) -> None:
    data, test = load(save(tmp_path, 40)), load_test(tmp_path)
    assert [len(part) for part in (data.train, data.validation, test)] == [40, 20, 20]
    assert data.record["split"] == "official"
    inputs = data.train.columns["inputs"]
    np.testing.assert_allclose(inputs[0], embedding(-0.5, 0.75), rtol=1e-5)
    with pytest.raises(ValueError, match="leave out val_fraction"):
        load(tmp_path, val_fraction=0.2)


def test_listed_file_that_is_missing_is_left_out(tmp_path: Path) -> None:
    root = save(tmp_path, 4)
    (root / "drummer1" / "1.mid").unlink()
    assert list(read(root).left_out) == ["drummer1/1.mid (no such file)"]


def test_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"groove\.npz or info\.csv"):
        read(tmp_path)
