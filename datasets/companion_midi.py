"""Notes of a MIDI file: all tracks on one time axis, with its tempo map.

n notes, m onsets.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mido
import numpy as np
from numpy.typing import NDArray

from datasets.companion_latent import Array
from datasets.contract import DataFormatError

DRUM_CHANNEL = 9  # the tenth
DEFAULT_TEMPO = 500_000  # microseconds a beat, where the file states none
SUFFIXES = (".mid", ".midi")

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Notes:
    """Notes in the order of their starts. Every array has shape ``[n]``.

    Attributes:
        onset_beats: Start, in quarter notes from the start of the file.
        onset_s: Start, in seconds.
        end_s: End, in seconds.
        pitch: 0..127.
        velocity: 0..1.
        channel: 0..15.
    """

    onset_beats: Array
    onset_s: Array
    end_s: Array
    pitch: Integers
    velocity: Array
    channel: Integers

    def __len__(self) -> int:
        """Count the notes."""
        return len(self.pitch)

    def __getitem__(self, index: Any) -> "Notes":
        """Select some notes, as an array does."""
        return Notes(*(values[index] for values in vars(self).values()))


def midi_files(folder: Path) -> list[Path]:
    """Find the MIDI files below a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def read_notes(path: Path) -> Notes:
    """Read the notes of a MIDI file.

    Times come from the absolute ticks of the merged tracks. A note that never ends lasts to the
    end of the file.

    Args:
        path: The file.

    Returns:
        Its notes.

    Raises:
        FileNotFoundError: If there is no such file.
        DataFormatError: If it is cut short, no MIDI, or knows no common time axis.
    """
    if not path.is_file():
        raise FileNotFoundError("no such file")
    try:
        midi = mido.MidiFile(path)
    except EOFError as error:
        raise DataFormatError("cut short") from error
    except (OSError, ValueError, LookupError, mido.KeySignatureError) as error:
        raise DataFormatError(f"no MIDI: {error}") from error
    if midi.type == 2 or midi.ticks_per_beat <= 0:
        raise DataFormatError(
            f"tracks must share beats, got type {midi.type}, {midi.ticks_per_beat} ticks a beat"
        )
    return _notes(mido.merge_tracks(midi.tracks), midi.ticks_per_beat)


def _notes(messages: Any, ticks_per_beat: int) -> Notes:
    """Pair the starts and ends of notes."""
    tick, tempo_changes = 0, [(0, DEFAULT_TEMPO)]
    open_notes = defaultdict(list)
    notes: list[list[int]] = []  # onset and end in ticks, pitch, velocity, channel
    for message in messages:
        tick += message.time
        if message.type == "set_tempo":
            tempo_changes.append((tick, message.tempo))
        elif message.type in {"note_on", "note_off"}:
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                notes.append([tick, -1, message.note, message.velocity, message.channel])
                open_notes[key].append(notes[-1])
            elif open_notes[key]:
                open_notes[key].pop(0)[1] = tick
    table = np.array(sorted(notes), np.int64).reshape(-1, 5)
    onset, end, pitch, velocity, channel = table.T
    end = np.where(end < 0, tick, end)
    seconds = _Clock(tempo_changes, ticks_per_beat)
    return Notes(
        onset / ticks_per_beat, seconds(onset), seconds(end), pitch, velocity / 127, channel
    )


class _Clock:
    """Turns ticks into seconds."""

    def __init__(self, tempo_changes: list[tuple[int, int]], ticks_per_beat: int) -> None:
        """Lay the tempo map out.

        Args:
            tempo_changes: Tick and microseconds a beat, in order, the first at tick 0.
            ticks_per_beat: Of the file.
        """
        self.ticks, tempo = np.array(tempo_changes, np.int64).T
        self.tick_s = tempo / (1e6 * ticks_per_beat)
        elapsed_s = np.cumsum(np.diff(self.ticks) * self.tick_s[:-1])
        self.start_s = np.concatenate([[0.0], elapsed_s])

    def __call__(self, ticks: Integers) -> Array:
        """Return the time of ticks, in seconds."""
        change = np.searchsorted(self.ticks, ticks, side="right") - 1
        time_s: Array = self.start_s[change] + (ticks - self.ticks[change]) * self.tick_s[change]
        return time_s
