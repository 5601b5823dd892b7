"""Labels of emotion: valence and arousal in -1..1. They are read, and never invented."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from datasets.companion_table import SCALE_HINT
from datasets.companion_text import read_json
from datasets.contract import DataFormatError

Emotion = tuple[float, float]

LABELS_FILE = "emotion_labels.json"
LABELS_FORMAT = '{"file name": {"valence": -1..1, "arousal": -1..1}, ...}'


def read_labels(root: Path) -> dict[str, Emotion]:
    """Read ``emotion_labels.json``.

    Args:
        root: Directory of the file.

    Returns:
        Valence and arousal by file name.

    Raises:
        FileNotFoundError: If there is no such file.
        DataFormatError: If it has another form.
    """
    path = root / LABELS_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} must hold a label for every file: {LABELS_FORMAT}")
    labels = read_json(path)
    if not isinstance(labels, Mapping):
        raise DataFormatError(
            f"{LABELS_FILE} must be {LABELS_FORMAT}, got {type(labels).__name__}"
        )
    return {name: emotion(label, f"{name} in {LABELS_FILE}") for name, label in labels.items()}


def label_of(name: str, labels: Mapping[str, Emotion]) -> Emotion:
    """Find the label of a file by its path, else by its bare name.

    Args:
        name: Path of the file below the root, with ``/``.
        labels: Labels by path or bare name.

    Returns:
        Valence and arousal.

    Raises:
        DataFormatError: If it has none.
    """
    for key in (name, PurePosixPath(name).name):
        if key in labels:
            return labels[key]
    raise DataFormatError("no label")


def unused_labels(names: Iterable[str], labels: Mapping[str, Emotion]) -> list[str]:
    """List the labels that belong to no file."""
    known = {key for name in names for key in (name, PurePosixPath(name).name)}
    return sorted(labels.keys() - known)


def emotion(label: Any, place: str) -> Emotion:
    """Check a label of the form ``{"valence": -1..1, "arousal": -1..1}``.

    Args:
        label: What a file says.
        place: Where it says so, for the message.

    Returns:
        Valence and arousal.

    Raises:
        DataFormatError: If it has another form or lies outside.
    """
    if not isinstance(label, Mapping):
        raise DataFormatError(f"a label must hold valence and arousal, got {label} for {place}")
    values = [number(label.get(name), name, place) for name in ("valence", "arousal")]
    return values[0], values[1]


def number(value: Any, name: str, place: str, bounds: tuple[float, float] = (-1, 1)) -> float:
    """Read a number within bounds.

    Args:
        value: A number or its text.
        name: What it is.
        place: Where it stands, for the message.
        bounds: Lowest and highest value.

    Returns:
        The number.

    Raises:
        DataFormatError: If it is none, or lies outside.
    """
    lowest, highest = bounds
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not lowest <= found <= highest:  # holds for NaN too
        hint = f" ({SCALE_HINT})" if 1 < found <= 9 else ""
        raise DataFormatError(
            f"{name} must be a number in {lowest:g}..{highest:g}, got {value} for {place}{hint}"
        )
    return found
