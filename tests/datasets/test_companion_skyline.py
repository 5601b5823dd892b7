"""Melodies of real MIDI files."""

import json
from pathlib import Path

import numpy as np
import pytest

from datasets.companion_latent import embedding
from datasets.companion_melody import load
from datasets.companion_midi import read_notes
from datasets.companion_skyline import multi_hot, read, runs, skyline
from datasets.contract import DataFormatError
from tests.datasets.companion_midi_files import Note, scale, write_midi


def save(root: Path, num_files: int, num_labels: int | None = None) -> Path:
    """Write files of three melodies each, and labels of the first ones."""
    names = [f"{index % 3}/{index}.mid" for index in range(num_files)]
    for name in names:
        write_midi(root / "midi_files" / name, scale(80))
    labels = {name: {"valence": 0.5, "arousal": -0.25} for name in names[:num_labels]}
    (root / "emotion_labels.json").write_text(json.dumps(labels))
    return root


def test_skyline_is_the_highest_note_of_each_onset_without_drums(tmp_path: Path) -> None:
    chord = [Note(0, pitch=60), Note(0, pitch=67), Note(0, pitch=64), Note(0, 1, 90, channel=9)]
    path = write_midi(tmp_path / "a.mid", [*chord, Note(2, pitch=50)], [Note(2, pitch=55)])
    assert skyline(read_notes(path)).tolist() == [67, 55]


def test_melodies_have_24_notes_and_the_rest_is_dropped() -> None:
    assert runs(np.arange(80)).tolist() == [[*range(24)], [*range(24, 48)], [*range(48, 72)]]
    assert runs(np.arange(23)).shape == (0, 24)


def test_repeated_pitches_are_marked_once() -> None:
    marked = multi_hot(np.array([[60, 62, 60]]))
    assert marked.shape == (1, 128)
    assert np.flatnonzero(marked).tolist() == [60, 62]


def test_every_melody_has_the_embedding_of_its_file(tmp_path: Path) -> None:
    table = read(save(tmp_path, 2))
    assert table.inputs.shape == (6, 64)
    np.testing.assert_allclose(table.inputs, np.tile(embedding(0.5, -0.25), (6, 1)))
    assert table.groups().tolist() == [0, 0, 0, 1, 1, 1]
    assert table.target.sum(axis=1).tolist() == [24] * 6


def test_files_without_label_are_left_out_and_counted(tmp_path: Path) -> None:
    record = load(save(tmp_path, 24, num_labels=20)).record
    assert record["left_out"] == 4
    assert record["groups"] == 20
    warning = record["warnings"][0]
    assert warning.startswith("4 of 24 items left out: ")
    assert warning.count("(no label)") == 4


def test_file_cut_short_is_left_out_and_named(tmp_path: Path) -> None:
    path = save(tmp_path, 3) / "midi_files" / "0" / "0.mid"
    path.write_bytes(path.read_bytes()[:-20])
    assert list(read(tmp_path).left_out) == ["0/0.mid (cut short)"]


def test_mostly_unlabelled_files_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"got 3 of 5: 0/3\.mid \(no label\), 1/4"):
        read(save(tmp_path, 5, num_labels=2))


def test_missing_labels_or_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"melody\.npz or midi_files/\*\*/\*\.mid"):
        read(tmp_path)
    write_midi(tmp_path / "midi_files" / "a.mid", scale(30))
    with pytest.raises(FileNotFoundError, match=r"emotion_labels\.json must hold a label"):
        read(tmp_path)
