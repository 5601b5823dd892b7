"""Rooms and their decay curves as one table: its columns, and the rules they must obey."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.contract import DataFormatError

BOX = ("Length", "Width", "Height")
SOURCE = ("Source_X", "Source_Y", "Source_Z")
RECEIVER = ("Receiver_X", "Receiver_Y", "Receiver_Z")
ABSORPTION = ("f1", "f2", "f3", "f4", "f5", "f6", "f7")  # at 125 Hz .. 8 kHz
FEATURES = BOX + SOURCE + RECEIVER + ABSORPTION

ARRAYS = ("features", "curves", "geometry", "material")

START_TOLERANCE = 1e-3  # a curve that starts further from 1 is not relative to its start
_BLOCK_ROWS = 256  # checked at once: some MB of curves
_TOLERANCE = 1e-6  # of the energy at the start: rounding of float16 and float32 curves


@dataclass(frozen=True)
class Table:
    """One row a room with one set of wall materials.

    Attributes:
        ids: Name of each row. Length ``N``.
        features: Columns ``FEATURES``, in metres and as share of energy. Shape ``[N, 16]``.
        curves: Linear energy decay curves, from 1 downwards. Shape ``[N, T]``.
        geometry: Rows of one number share box, source and receiver. Shape ``[N]``.
        material: Rows of one number share all absorption values. Shape ``[N]``.
        sample_rate_hz: Points per second of the curves.
        config: Where the table comes from, as plain values.
        digest: Hash of features and curves, once the table has been read from its file.
    """

    ids: Sequence[str]
    features: NDArray[np.float32]
    curves: NDArray[np.float32]
    geometry: NDArray[np.int64]
    material: NDArray[np.int64]
    sample_rate_hz: int
    config: Mapping[str, Any]
    digest: str = ""

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        features: NDArray[np.floating[Any]],
        curves: NDArray[np.float32],
        sample_rate_hz: int,
        config: Mapping[str, Any],
    ) -> "Table":
        """Number the distinct geometries and materials in the order of their first appearance."""
        columns = features.astype(np.float32)
        geometry, material = _numbered(columns[:, :9]), _numbered(columns[:, 9:])
        return cls(ids, columns, curves, geometry, material, sample_rate_hz, config)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.ids)

    def head(self, max_samples: int | None) -> "Table":
        """Keep the first rows, without copying.

        Args:
            max_samples: At most so many rows; all without it.

        Returns:
            The shorter table.

        Raises:
            ValueError: If ``max_samples`` is below 1.
        """
        if max_samples is not None and max_samples < 1:
            raise ValueError(f"max_samples must be at least 1, got {max_samples}")
        columns = {name: getattr(self, name)[:max_samples] for name in ("ids", *ARRAYS)}
        return replace(self, **columns)

    def thinned(self, points_per_second: int) -> "Table":
        """Keep every k-th point of the curves from the first, without copying.

        A decay curve is an integral already, so it needs no filter before. Curves that have fewer
        points per second stay as they are.

        Args:
            points_per_second: Rate to keep.

        Returns:
            The table with fewer points a curve.

        Raises:
            ValueError: If ``points_per_second`` does not divide the rate of the curves.
        """
        kept_hz = min(points_per_second, self.sample_rate_hz)
        if kept_hz < 1 or self.sample_rate_hz % kept_hz:
            raise ValueError(
                f"points_per_second must divide the {self.sample_rate_hz} points per second of "
                f"the curves, got {points_per_second}"
            )
        step = self.sample_rate_hz // kept_hz
        return replace(self, curves=self.curves[:, ::step], sample_rate_hz=kept_hz)


def feature_problems(ids: Sequence[str], features: NDArray[np.float32]) -> list[str]:
    """List every feature that cannot belong to a room, with column, row and value."""
    box, source, receiver, absorption = np.split(features, [3, 6, 9], axis=1)
    right = np.hstack(
        (
            box > 0,
            (source >= 0) & (source <= box),
            (receiver >= 0) & (receiver <= box),
            (absorption >= 0) & (absorption < 1),
        )
    ) & np.isfinite(features)
    rules = ["above 0 m"] * 3 + ["inside the box"] * 6 + ["at least 0 and below 1"] * 7
    problems = [
        f"{FEATURES[column]} of {ids[row]} must be {rules[column]}, got {features[row, column]:g}"
        for row, column in np.argwhere(~right).tolist()
    ]
    same_place = np.flatnonzero((source == receiver).all(axis=1)).tolist()
    problems += [f"source and receiver of {ids[row]} must differ" for row in same_place]
    return problems


def curve_problem(curve: NDArray[np.floating[Any]]) -> str | None:
    """Say what keeps a curve from being a decay curve, and at which sample.

    Args:
        curve: Linear energy relative to its start. Shape ``[T]``.

    Returns:
        One phrase, or ``None`` for a decay curve.
    """
    for rule, wrong in _broken_rules(curve):
        if wrong.any():
            sample = int(np.argmax(wrong))
            return f"not a decay curve: sample {sample} must {rule}, got {curve[sample]:g}"
    return None


def curve_problems(ids: Sequence[str], curves: NDArray[np.floating[Any]]) -> list[str]:
    """List every row that is not a decay curve, and what keeps it from being one.

    Args:
        ids: Names of the rows.
        curves: Linear energy relative to its start. Shape ``[N, T]``.

    Returns:
        One phrase each.
    """
    blocks = np.array_split(np.asarray(curves), max(1, len(curves) // _BLOCK_ROWS))
    suspects = np.flatnonzero(np.concatenate([_is_broken(block) for block in blocks]))
    return [f"{ids[row]} is {curve_problem(curves[row])}" for row in suspects.tolist()]


def _is_broken(curves: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    broken = np.zeros(len(curves), bool)
    with np.errstate(invalid="ignore"):  # what is not finite is told of by the first rule
        for _, wrong in _broken_rules(curves):
            broken |= wrong.any(axis=-1)
    return broken


def complain(where: str, problems: Sequence[str]) -> None:
    """Raise if there are problems, naming the first five and their total.

    Args:
        where: The file or folder.
        problems: One phrase each.

    Raises:
        DataFormatError: If ``problems`` is not empty.
    """
    if problems:
        total = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DataFormatError(f"{where} has {total}: {'; '.join(problems[:5])}")


def _numbered(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    _, first, number = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number.ravel()]


def _broken_rules(curves: NDArray[np.floating[Any]]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each rule and the samples that break it; later rules suppose the earlier ones.

    ``curves`` is one curve, or several, of shape ``[..., T]``.
    """
    yield "be finite", ~np.isfinite(curves)
    yield "be above 0", curves[..., :1] <= 0
    yield "be 1", np.abs(curves[..., :1] - 1) > START_TOLERANCE
    yield "not be negative", curves < -_TOLERANCE
    yield "not rise", np.diff(curves, prepend=curves[..., :1]) > _TOLERANCE
