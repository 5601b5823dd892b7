"""Tunes as MIDI files, which every notation program and synthesiser reads."""

from collections.abc import Sequence
from pathlib import Path

import mido

LOWEST_MIDI = 21  # token 0
TICKS_PER_QUARTER = 480
TICKS = TICKS_PER_QUARTER // 2  # of a note: the tokens say nothing of rhythm, so all are eighths
TEMPO_BPM = 120
VELOCITY = 80


def write_midi(tokens: Sequence[int], path: Path) -> None:
    """Write a tune as one track of eighths.

    Args:
        tokens: MIDI pitches - 21.
        path: The MIDI file.
    """
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(TEMPO_BPM))])
    for token in tokens:
        pitch = LOWEST_MIDI + token
        track.append(mido.Message("note_on", note=pitch, velocity=VELOCITY, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=TICKS))
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_QUARTER, tracks=[track]).save(path)
