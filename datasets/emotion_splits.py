"""Training, validation and test clips of ``emotion``; a clip is never divided.

C clips.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.emotion_audio import base_name
from datasets.emotion_files import reject, repeated

Rows = dict[str, NDArray[np.int64]]
KINDS = ("clip", "group", "published")
SPLIT_STREAM = 4


def split_clips(names: list[str], kind: str, seed: int, groups: Path | None = None) -> Rows:
    """Divide the clips into ``train``, ``validation`` and ``test``.

    Args:
        names: Names of the clips, sorted.
        kind: ``clip`` (60/20/20 %), ``group`` (the same over groups, since mixes contain parts
            of other clips), or ``published`` (70/30 %, validation and test are the same clips:
            for comparison with published numbers only).
        seed: Seed of ``clip`` and ``group``.
        groups: CSV without header, ``name,group``; for ``group`` only.

    Returns:
        Positions in ``names`` by part.

    Raises:
        ValueError: If ``kind`` is unknown, or ``group`` has no table.
    """
    if kind not in KINDS:
        raise ValueError(f"split must be one of {', '.join(KINDS)}, got '{kind}'")
    if kind == "published":
        return _published(len(names))
    if kind == "clip":
        return _fractions(len(names), seed)
    if groups is None:
        raise ValueError("split 'group' must have a table 'groups' of name,group, got none")
    group_of_clip = number_groups(groups, names)
    return {
        part: np.flatnonzero(np.isin(group_of_clip, rows))
        for part, rows in _fractions(int(group_of_clip.max()) + 1, seed).items()
    }


def number_groups(groups: Path, names: list[str]) -> NDArray[np.int64]:
    """Number the group of each clip, from 0 on.

    Args:
        groups: CSV without header, ``name,group``.
        names: Names of the clips.

    Returns:
        Shape ``[C]``.
    """
    numbers: NDArray[np.int64] = np.unique(read_groups(groups, names), return_inverse=True)[1]
    return numbers


def _fractions(count: int, seed: int) -> Rows:
    """Shuffle 0..count-1 and divide it 60/20/20 %."""
    draws = np.random.default_rng([seed, SPLIT_STREAM]).random(count)
    order = np.argsort(draws, kind="stable")
    train, validation, test = np.split(order, [int(0.6 * count + 0.5), int(0.8 * count + 0.5)])
    return {"train": train, "validation": validation, "test": test}


def _published(count: int) -> Rows:
    """Divide as the original project does; what is validated on is tested on."""
    order = np.arange(count)
    np.random.RandomState(42).shuffle(order)
    train, rest = np.split(order, [int(0.7 * count)])
    return {"train": train, "validation": rest, "test": rest}


def read_groups(path: Path, names: list[str]) -> list[str]:
    """Read the group of each clip; a name that comes twice or a clip without is rejected.

    Args:
        path: CSV without header, ``name,group``.
        names: Names of the clips.

    Returns:
        One group a clip, in the order of ``names``.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"table of groups must exist, got {path}")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    reject(path, "each row must be name,group", [row for row in rows if len(row) != 2])
    reject(path, "each name must come once", repeated(base_name(name) for name, _ in rows))
    group = {base_name(name): label for name, label in rows}
    reject(path, "each clip must have a group", [n for n in names if base_name(n) not in group])
    return [group[base_name(name)] for name in names]
