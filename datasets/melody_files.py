"""The user's tunes: a directory of ABC files, or of one JSON file of processed melodies."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.contract import DataFormatError
from datasets.melody_abc import AbcTune, read_abc
from datasets.melody_tunes import LOWEST_MIDI, VOCABULARY, Tune

PROCESSED = "processed_melodies.json"
METADATA = {  # names of the original project, and ours
    "title": "title",
    "key": "key",
    "meter": "meter",
    "id": "number",
    "source_file": "source_file",
}


def read_tunes(root: Path) -> tuple[list[Tune], list[str]]:
    """Read the tunes of a directory; the JSON file wins if there are ABC files too.

    Args:
        root: Directory of the user's files.

    Returns:
        The tunes, files by name; and one line for every tune that was left out.

    Raises:
        FileNotFoundError: If there are neither.
    """
    if (root / PROCESSED).is_file():
        return read_json(root / PROCESSED), []
    paths = sorted(root.glob("*.abc"))
    if not paths:
        raise FileNotFoundError(
            f"{root} must be a directory with {PROCESSED} or *.abc files, but has neither; "
            "leave the data directory out to use the embedded tunes"
        )
    tunes, dropped = [], []
    for path in paths:
        for written in read_abc(path):
            outside = _outside(written)
            if outside:
                name = f"{path.name} X:{written.number} '{written.title}'"
                dropped.append(f"left out {name}: MIDI {outside[0]} is no key of a piano")
            else:
                tunes.append(_as_tune(written, path.name))
    return tunes, dropped


def _pitches(written: AbcTune) -> list[int]:
    return [pitch for pitch, _ in written.events if pitch is not None]


def _outside(written: AbcTune) -> list[int]:
    highest = LOWEST_MIDI + VOCABULARY - 1
    return [pitch for pitch in _pitches(written) if not LOWEST_MIDI <= pitch <= highest]


def _as_tune(written: AbcTune, file_name: str) -> Tune:
    tokens = tuple(pitch - LOWEST_MIDI for pitch in _pitches(written))
    key, meter = written.key or "C", written.meter
    return Tune(tokens, written.title, key, meter, written.number, file_name)


def read_json(path: Path) -> list[Tune]:
    """Read processed melodies.

    Args:
        path: JSON with ``melodies``, lists of tokens 0..87, and ``metadata`` of each.

    Returns:
        The tunes in order.

    Raises:
        DataFormatError: If the file is no JSON of this form, or a token is out of range.
    """
    try:
        content = json.loads(path.read_bytes())
    except (RecursionError, ValueError) as error:
        raise DataFormatError(f"{path} must be JSON in UTF-8, got: {error}") from error
    melodies, metadata = (_list(path, content, name) for name in ("melodies", "metadata"))
    if len(melodies) != len(metadata):
        raise DataFormatError(
            f"{path}: melodies and metadata must be equally long, "
            f"got {len(melodies)} and {len(metadata)}"
        )
    pairs = enumerate(zip(melodies, metadata, strict=True))
    return [_from_json(path, place, tokens, about) for place, (tokens, about) in pairs]


def _list(path: Path, content: Any, name: str) -> list[Any]:
    if not isinstance(content, dict) or not isinstance(content.get(name), list):
        raise DataFormatError(f"{path} must be an object with a list '{name}', but has none")
    found: list[Any] = content[name]
    return found


def _from_json(path: Path, place: int, tokens: Any, about: Any) -> Tune:
    if not isinstance(tokens, list) or not isinstance(about, dict):
        raise DataFormatError(
            f"{path}: melodies[{place}] must be a list and metadata[{place}] an object, "
            f"got {type(tokens).__name__} and {type(about).__name__}"
        )
    for position, token in enumerate(tokens):
        if type(token) is not int or not 0 <= token < VOCABULARY:
            raise DataFormatError(
                f"{path}: melodies[{place}][{position}] must be 0..{VOCABULARY - 1}, "
                f"got {json.dumps(token)}"
            )
    known = {ours: str(about[theirs]) for theirs, ours in METADATA.items() if theirs in about}
    return Tune(tuple(tokens), **known)


def write_json(path: Path, tunes: Sequence[Tune]) -> None:
    """Write processed melodies in the form of the original project.

    Args:
        path: The JSON file.
        tunes: What to write.
    """
    lengths = [len(tune.tokens) for tune in tunes]
    content = {
        "melodies": [list(tune.tokens) for tune in tunes],
        "metadata": [
            {theirs: getattr(tune, ours) for theirs, ours in METADATA.items()} for tune in tunes
        ],
        "statistics": {"num_melodies": len(tunes), "num_notes": sum(lengths)},
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")
