"""MIDI files for the tests, written with mido."""

from pathlib import Path
from typing import NamedTuple

import mido

TICKS_PER_BEAT = 480


class Note(NamedTuple):
    """One note; times in beats."""

    onset: float
    length: float = 0.5
    pitch: int = 60
    velocity: int = 64
    channel: int = 0


def write_midi(path: Path, *tracks: list[Note], tempo_bpm: float = 120.0) -> Path:
    """Write notes, one list a track, at a constant tempo."""
    midi = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    midi.tracks.append(mido.MidiTrack([tempo(tempo_bpm, 0)]))
    for notes in tracks:
        midi.tracks.append(mido.MidiTrack(with_deltas(events(notes))))
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.save(path)
    return path


def tempo(bpm: float, ticks: int) -> "mido.MetaMessage":
    """Make a change of tempo, some ticks after the message before."""
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=ticks)


def events(notes: list[Note]) -> list[tuple[int, "mido.Message"]]:
    """Return starts and ends with their ticks."""
    found = []
    for onset, length, pitch, velocity, channel in notes:
        sound = {"note": pitch, "channel": channel}
        start, end = (round(TICKS_PER_BEAT * beats) for beats in (onset, onset + length))
        found.append((start, mido.Message("note_on", velocity=velocity, **sound)))
        found.append((end, mido.Message("note_off", **sound)))
    return sorted(found, key=lambda event: (event[0], event[1].type == "note_on"))


def with_deltas(timed: list[tuple[int, "mido.Message"]]) -> list["mido.Message"]:
    """Turn ticks into the time since the message before."""
    before = [0, *(tick for tick, _ in timed)]
    return [
        message.copy(time=tick - last)
        for (tick, message), last in zip(timed, before[:-1], strict=True)
    ]


def scale(num_notes: int, step: float = 0.5, **settings: int) -> list[Note]:
    """Make a rising scale within two octaves."""
    return [Note(index * step, step, 48 + index % 24, **settings) for index in range(num_notes)]
