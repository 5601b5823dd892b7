"""Chord progressions with an emotion each, from a JSON file. n samples of a progression."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.companion_chords import NUM_CLASSES, chord_class, context
from datasets.companion_items import gather, nothing_readable
from datasets.companion_labels import emotion
from datasets.companion_latent import Array, embedding
from datasets.companion_table import Table
from datasets.companion_text import read_json
from datasets.contract import DataFormatError

FILE = "chord_progressions.json"
KEYS = ("progressions", "chord_progressions")
FORMAT = '{"progressions": [{"chords": ["C", "Am"], "emotion": {"valence": 0, "arousal": 0}}]}'


def read(root: Path) -> Table:
    """Read ``chord_progressions.json``.

    Args:
        root: Directory of the file.

    Returns:
        A sample for every chord from the third on: the embedding and the two chords before it,
        and the chord. Equal progressions form one group.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not (root / FILE).is_file():
        raise nothing_readable(root, "harmony.npz", FILE)
    entries = _entries(read_json(root / FILE))
    classes = [_classes(entry, number) for number, entry in enumerate(entries)]
    names = [f"progression {number} of {FILE}" for number in range(len(entries))]
    samples = {
        name: _samples(chords, embedding(*emotion(entry["emotion"], name)))
        for name, chords, entry in zip(names, classes, entries, strict=True)
        if "emotion" in entry
    }

    def read_entry(name: str) -> tuple[Array, Array]:
        if name not in samples:
            raise DataFormatError("no label")
        return samples[name]

    table = gather(names, read_entry)
    first_like = {tuple(chords): number for number, chords in reversed([*enumerate(classes)])}
    alike = np.array([first_like[tuple(chords)] for chords in classes])
    return replace(table, group=alike[table.groups()])


def _entries(content: Any) -> Sequence[Mapping[str, Any]]:
    """Find the list of progressions, bare or under a known key."""
    if isinstance(content, Mapping):
        content = next((content[key] for key in KEYS if key in content), None)
    is_list = isinstance(content, list) and all(isinstance(entry, Mapping) for entry in content)
    if not content or not is_list:
        raise DataFormatError(f"{FILE} must be {FORMAT} or the bare list, got no such list")
    progressions: Sequence[Mapping[str, Any]] = content
    return progressions


def _classes(entry: Mapping[str, Any], number: int) -> list[int]:
    """Return the classes of a progression's chords."""
    chords = entry.get("chords")
    if not isinstance(chords, list) or not all(isinstance(chord, str) for chord in chords):
        raise DataFormatError(
            f"chords must be a list of names, got {chords} in progression {number} of {FILE}"
        )
    found = []
    for position, chord in enumerate(chords):
        try:
            found.append(chord_class(chord))
        except ValueError as error:
            rule = str(error).removeprefix(f"chord '{chord}'")
            raise DataFormatError(
                f"chord '{chord}' (progression {number}, position {position}){rule}"
            ) from error
    return found


def _samples(chords: Sequence[int], embedded: Array) -> tuple[Array, Array]:
    """Predict every chord from the third on."""
    classes = np.array(chords, np.int64)
    before, previous, following = classes[:-2], classes[1:-1], classes[2:]
    contexts = context(previous, before)
    inputs = np.concatenate([np.tile(embedded, (len(contexts), 1)), contexts], axis=1)
    return inputs, np.eye(NUM_CLASSES)[following]
