"""Expression of real piano performances."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.companion_dynamics import load
from datasets.companion_midi import Notes, read_notes
from datasets.companion_performances import read, windows
from tests.datasets.companion_midi_files import Note, scale, write_midi

LABEL = (0.5, -0.5)


def performance(num_windows: int = 3, notes_a_window: int = 16, seed: int = 0) -> Notes:
    """Make notes at even distances, with random pitches and velocities."""
    rng = np.random.default_rng(seed)
    count = num_windows * notes_a_window
    onset_s = np.arange(count) * 4.0 / notes_a_window
    return Notes(
        onset_beats=2 * onset_s,
        onset_s=onset_s,
        end_s=onset_s + 0.1,
        pitch=rng.integers(30, 90, count),
        velocity=rng.uniform(0.1, 0.9, count),
        channel=np.zeros(count, np.int64),
    )


def test_every_window_but_the_first_is_a_sample() -> None:
    inputs, targets = windows(performance(num_windows=5), LABEL)
    assert (inputs.shape, targets.shape) == ((4, 32), (4, 16))
    np.testing.assert_allclose(inputs[:, 20:], np.vstack([inputs[0, 20:], targets[:-1, :12]]))


def test_dynamics_input_ignores_own_velocities() -> None:
    """Earlier versions had six statistics of the window in its input and target alike."""
    notes = performance(num_windows=3)
    velocity = notes.velocity.copy()
    velocity[-16:] = velocity[-16:] ** 2
    changed = replace(notes, velocity=velocity)
    (inputs, targets), (same, others) = windows(notes, LABEL), windows(changed, LABEL)
    np.testing.assert_array_equal(inputs, same)
    assert np.abs(targets - others)[-1, :4].min() > 0


def test_dynamics_input_ignores_own_times() -> None:
    notes = performance(num_windows=3)
    hurried, ends = notes.onset_s.copy(), notes.end_s.copy()
    hurried[-15:] -= 0.05
    ends[-15:] -= 0.1
    changed = replace(notes, onset_s=hurried, end_s=ends)
    (inputs, targets), (same, others) = windows(notes, LABEL), windows(changed, LABEL)
    np.testing.assert_array_equal(inputs, same)
    assert not np.array_equal(targets[-1], others[-1])


def test_target_by_hand() -> None:
    onset_s = np.concatenate([np.arange(8) * 0.5, 4 + np.arange(8) * 0.25])
    velocity = np.concatenate([np.full(8, 0.5), np.tile([0.2, 0.6], 4)])
    notes = Notes(
        2 * onset_s, onset_s, onset_s + 0.3, np.full(16, 64), velocity, np.zeros(16, np.int64)
    )
    _, (target,) = windows(notes, LABEL)
    np.testing.assert_allclose(target[:4], [0.4, 0.2, 0.6, 0.2])
    # gaps of .25 s, notes of .3 s; all but the first start while the one before still sounds
    np.testing.assert_allclose(target[4:8], [0.25, 0, 0.15, 7 / 8], atol=1e-12)
    np.testing.assert_allclose(target[8:], 0.4)  # the mean where an eighth is empty


def test_input_by_hand() -> None:
    notes = performance(num_windows=2, notes_a_window=8)
    pitch = np.full(16, 64)
    pitch[8:] = [64, 64, 64, 64, 42, 42, 86, 86]
    onset_s = notes.onset_s.copy()
    (context,), _ = windows(replace(notes, pitch=pitch, onset_s=onset_s), LABEL)
    np.testing.assert_allclose(context[:4], [0.5, -0.5, 0, 3 / 44])
    np.testing.assert_allclose(context[4:6], [np.sin(np.pi / 4), np.cos(np.pi / 4)])
    assert context[6:14].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    expected = [np.std(pitch[8:]) / 24, 0.5, 0.5, -0.5, 0.25, 0.1]
    np.testing.assert_allclose(context[14:20], expected)


def test_windows_with_few_onsets_are_no_samples() -> None:
    sparse = performance(num_windows=4, notes_a_window=7)
    assert windows(sparse, LABEL)[0].shape == (0, 32)
    notes = performance(num_windows=5)
    kept = notes[(notes.onset_s < 8) | (notes.onset_s >= 12)]
    assert len(windows(kept, LABEL)[0]) == 2  # the third window is missing, and the fourth's past


def test_notes_of_a_chord_are_one_onset() -> None:
    notes = performance(num_windows=2, notes_a_window=16)
    onset_s = np.repeat(notes.onset_s[::2], 2)
    (context,), (target,) = windows(replace(notes, onset_s=onset_s, end_s=onset_s + 0.1), LABEL)
    assert context[19] == pytest.approx(0.2)
    np.testing.assert_allclose(target[4:8], [0.5, 0, 0.05, 0], atol=1e-12)


def save(root: Path, num_files: int) -> list[str]:
    names = [f"2004/{index}.midi" for index in range(num_files)]
    for name in names:
        write_midi(root / name, scale(170, step=0.5))  # 42 s: ten samples
    return names


def test_any_tree_of_piano_midi_is_read_without_labels(tmp_path: Path) -> None:
    save(tmp_path, 6)
    table = read(tmp_path)
    assert len(np.unique(table.groups())) == 6
    assert (table.inputs[:, :2] == 0).all()
    assert table.part is None


def test_labels_fill_the_first_two_inputs(tmp_path: Path) -> None:
    names = save(tmp_path, 4)
    labels = {name: {"valence": 0.25, "arousal": 0.5} for name in names[:3]}
    (tmp_path / "emotion_labels.json").write_text(json.dumps(labels))
    table = read(tmp_path)
    np.testing.assert_array_equal(
        table.inputs[:, :2], np.tile([0.25, 0.5], (len(table.inputs), 1))
    )
    assert list(table.left_out) == ["2004/3.midi (no label)"]


def test_official_parts_are_taken(tmp_path: Path) -> None:
    parts = ["train", "train", "train", "validation", "test", "train"]
    rows = [f"{name},{part}" for name, part in zip(save(tmp_path, 6), parts, strict=True)]
    (tmp_path / "maestro-v3.0.0.csv").write_text("\n".join(["midi_filename,split", *rows]))
    data = load(tmp_path)
    assert data.record["split"] == "official"
    assert len(data.train) == 4 * len(data.validation)
    assert set(data.groups[data.validation.rows].tolist()) == {3}


def test_empty_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"dynamics\.npz or maestro.* or MIDI files"):
        read(tmp_path)


def test_a_single_note_track_gives_no_sample(tmp_path: Path) -> None:
    notes = read_notes(write_midi(tmp_path / "a.mid", [Note(0)]))
    assert windows(notes, LABEL)[1].shape == (0, 16)
