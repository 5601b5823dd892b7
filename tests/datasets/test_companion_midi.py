"""Notes of MIDI files."""

from pathlib import Path

import numpy as np
import pytest

from datasets.companion_midi import midi_files, read_notes
from datasets.contract import DataFormatError
from tests.datasets.companion_midi_files import (
    TICKS_PER_BEAT,
    Note,
    events,
    mido,
    scale,
    tempo,
    with_deltas,
    write_midi,
)


def test_notes_have_their_times_pitches_and_velocities(tmp_path: Path) -> None:
    path = write_midi(tmp_path / "a.mid", [Note(1, 2, 70, 127, channel=3), Note(0, 1, 60, 32)])
    notes = read_notes(path)
    assert len(notes) == 2
    np.testing.assert_allclose(notes.onset_beats, [0, 1])
    np.testing.assert_allclose(notes.onset_s, [0, 0.5])
    np.testing.assert_allclose(notes.end_s, [0.5, 1.5])
    np.testing.assert_allclose(notes.velocity, [32 / 127, 1])
    assert notes.pitch.tolist() == [60, 70]
    assert notes.channel.tolist() == [0, 3]


def test_two_tracks_share_one_time_axis(tmp_path: Path) -> None:
    """An earlier version let the ticks run on from one track to the next."""
    path = write_midi(tmp_path / "a.mid", [Note(0), Note(4)], [Note(0, pitch=72), Note(4)])
    np.testing.assert_allclose(read_notes(path).onset_beats, [0, 0, 4, 4])


def test_tempo_changes_stretch_seconds_and_not_beats(tmp_path: Path) -> None:
    path = write_midi(tmp_path / "a.mid", [Note(beat) for beat in range(4)])
    midi = mido.MidiFile(path)
    midi.tracks.append(mido.MidiTrack([tempo(60, 2 * TICKS_PER_BEAT)]))
    midi.save(path)
    notes = read_notes(path)
    np.testing.assert_allclose(notes.onset_s, [0, 0.5, 1, 2])
    np.testing.assert_allclose(notes.onset_beats, [0, 1, 2, 3])


def test_file_without_tempo_runs_at_120_beats_a_minute(tmp_path: Path) -> None:
    midi = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    midi.tracks.append(mido.MidiTrack(with_deltas(events([Note(0), Note(2)]))))
    midi.save(tmp_path / "a.mid")
    np.testing.assert_allclose(read_notes(tmp_path / "a.mid").onset_s, [0, 1])


def test_note_that_never_ends_lasts_to_the_end_and_repeated_ones_end_in_turn(
    tmp_path: Path,
) -> None:
    midi = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    on = {"note": 60, "velocity": 64}
    messages = [
        mido.Message("note_on", time=0, **on),
        mido.Message("note_on", time=TICKS_PER_BEAT, **on),
        mido.Message("note_on", time=TICKS_PER_BEAT, note=60, velocity=0),  # ends the first
        mido.Message("note_off", time=TICKS_PER_BEAT, note=61),  # of no note
    ]
    midi.tracks.append(mido.MidiTrack(messages))
    midi.save(tmp_path / "a.mid")
    np.testing.assert_allclose(read_notes(tmp_path / "a.mid").end_s, [1.0, 1.5])


def test_file_cut_short_is_named_so(tmp_path: Path) -> None:
    path = write_midi(tmp_path / "a.mid", scale(40))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataFormatError, match="cut short"):
        read_notes(path)


@pytest.mark.parametrize("content", [b"", b"RIFF and so on", b"MThd\x00\x00\x00\x06\x00\x01"])
def test_other_file_is_no_midi(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match="cut short|no MIDI"):
        read_notes(path)


def test_damaged_file_never_raises_anything_else(tmp_path: Path) -> None:
    whole = write_midi(tmp_path / "a.mid", scale(10)).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(0, 256)
        (tmp_path / "b.mid").write_bytes(bytes(damaged))
        try:
            notes = read_notes(tmp_path / "b.mid")
        except DataFormatError:
            continue
        assert np.isfinite(notes.onset_s).all()


def test_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_notes(tmp_path / "a.mid")


def test_tracks_of_their_own_time_are_refused(tmp_path: Path) -> None:
    path = write_midi(tmp_path / "a.mid", [Note(0)])
    midi = mido.MidiFile(path)
    midi.type = 2
    midi.save(path)
    with pytest.raises(DataFormatError, match="tracks must share beats, got type 2"):
        read_notes(path)


def test_file_without_notes_has_none(tmp_path: Path) -> None:
    assert len(read_notes(write_midi(tmp_path / "a.mid", []))) == 0


def test_files_of_both_endings_are_found_in_every_folder(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.mid", "x/b.MIDI", "x/y/c.midi")]
    for path in (*paths, tmp_path / "d.txt"):
        write_midi(path, [])
    assert midi_files(tmp_path) == paths
