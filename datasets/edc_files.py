"""Measured or simulated decay curves: one ``.npy`` file a curve, joined by ID with a CSV table.

Everything wrong with the files is collected before anything is refused.
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets import damage
from datasets.contract import DataFormatError
from datasets.edc_table import (
    FEATURES,
    START_TOLERANCE,
    Table,
    complain,
    curve_problem,
    feature_problems,
)

_PATTERN = re.compile(r"RIR_(\d{3,})_case(\d+)_edc")
_COLUMNS = ("ID", *FEATURES)


@dataclass(frozen=True)
class Recording:
    """How the curves were stored and which of their points are kept.

    Attributes:
        rate_hz: Points per second in the files.
        num_samples: Points a curve; longer ones are cut, shorter ones filled with zeros.
        decimate: Every how manieth point is kept, from the first.
        allow_partial: Use the curves that have a row and the rows that have a curve.
    """

    rate_hz: int = 48_000
    num_samples: int = 96_000
    decimate: int = 48
    allow_partial: bool = False

    def __post_init__(self) -> None:
        """Reject a rate that does not come out even."""
        if self.decimate < 1 or self.rate_hz % self.decimate:
            raise DataFormatError(
                f"file_rate_hz must be divisible by decimate, "
                f"got {self.rate_hz} and {self.decimate}"
            )


def convert(curves_dir: Path, features_csv: Path, recording: Recording) -> Table:
    """Join curves and features on their ID, sorted by room and case.

    Args:
        curves_dir: Folder of ``RIR_<room>_case<case>_edc.npy``, linear energy, one curve each.
        features_csv: Table with the columns ``ID`` and ``FEATURES``; ``ID`` is the file's stem.
        recording: How the curves were stored.

    Returns:
        The table; ``config`` counts the curves that were renormalised, cut and padded.

    Raises:
        FileNotFoundError: If there is no such folder, no such CSV, or no curve.
        DataFormatError: If anything in the files breaks a rule.
    """
    files, problems = _curve_files(curves_dir)
    rows, row_problems = _feature_rows(features_csv)
    problems += row_problems
    unpaired = {
        "curves_without_row": sorted(files.keys() - rows.keys()),
        "rows_without_curve": sorted(rows.keys() - files.keys()),
    }
    if not recording.allow_partial:
        problems += _unpaired_problems(unpaired)
    ids = sorted(files.keys() & rows.keys(), key=_room_and_case)
    if not ids:
        problems.append("no curve has a row")
    complain(f"{features_csv} with {curves_dir}", problems)

    curves, counts = _read_curves([files[name] for name in ids], recording)
    counts |= {kind: len(names) for kind, names in unpaired.items()}
    return Table.of(
        ids=ids,
        features=np.array([rows[name] for name in ids]),
        curves=curves,
        sample_rate_hz=recording.rate_hz // recording.decimate,
        config={"source": str(curves_dir), **counts},
    )


def _curve_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """List the curves of a folder by ID, and the files whose names are none."""
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        raise FileNotFoundError(f"{folder} must be a folder of *_edc.npy files, got none there")
    files = {path.stem: path for path in paths if _PATTERN.fullmatch(path.stem)}
    strangers = [path.name for path in paths if path.stem not in files]
    return files, [f"{name} must be named {_PATTERN.pattern}.npy" for name in strangers]


def _feature_rows(path: Path) -> tuple[dict[str, list[float]], list[str]]:
    """Read the features of each ID, and what is wrong with them."""
    rows: dict[str, list[float]] = {}
    problems: list[str] = []
    header, lines = _csv_lines(path)
    for line, cells in lines:
        if len(cells) != len(header):
            problems.append(f"line {line} must have {len(header)} cells, got {len(cells)}")
            continue
        row = dict(zip(header, cells, strict=True))
        name = row["ID"]
        if name in rows:
            problems.append(f"duplicate ID {name} in line {line}")
        elif strange := [column for column in FEATURES if not _is_number(row[column])]:
            problems += [f"{c} of {name} must be a number, got '{row[c]}'" for c in strange]
        else:
            rows[name] = [float(row[column]) for column in FEATURES]
    with np.errstate(over="ignore"):  # reported as infinite
        features = np.array(list(rows.values()), dtype=np.float32).reshape(-1, len(FEATURES))
    return rows, problems + feature_problems(list(rows), features)


def _csv_lines(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read header and numbered lines, and refuse a header with other columns."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a CSV table of room features, got no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataFormatError(f"{path} must be a CSV table in UTF-8, got: {error}") from error
    missing, unknown = Counter(_COLUMNS) - Counter(header), Counter(header) - Counter(_COLUMNS)
    problems = [f"column {name} is missing" for name in missing]
    problems += [f"column {name} is unknown or repeated" for name in unknown]
    complain(str(path), problems)
    return header, lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unpaired_problems(unpaired: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"{len(names)} {kind.replace('_', ' ')}: {', '.join(names[:5])}"
        for kind, names in unpaired.items()
        if names
    ]


def _room_and_case(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _read_curves(
    paths: Sequence[Path], recording: Recording
) -> tuple[NDArray[np.float32], dict[str, int]]:
    """Read the kept points of all curves, and count those that had to be mended."""
    num_points = -(-recording.num_samples // recording.decimate)
    curves = np.zeros((len(paths), num_points), dtype=np.float32)
    counts = {"renormalised": 0, "cut": 0, "padded": 0}
    problems = []
    for path, points in zip(paths, curves, strict=True):
        try:
            curve, renormalised = _read_curve(path)
        except DataFormatError as error:
            problems.append(str(error))
            continue
        counts["renormalised"] += renormalised
        counts["cut"] += len(curve) > recording.num_samples
        counts["padded"] += len(curve) < recording.num_samples
        kept = curve[: recording.num_samples : recording.decimate]
        points[: len(kept)] = kept
    complain(str(paths[0].parent), problems)
    return curves, counts


def _read_curve(path: Path) -> tuple[NDArray[np.float64], bool]:
    """Read one curve, and say whether it had to be divided by its start."""
    try:
        stored = np.lib.format.open_memmap(path, mode="r")  # never unpickles
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"{path.name} must be a complete .npy array: {what}") from error
    one_axis = stored.ndim <= 2 and 0 < stored.size == max(stored.shape, default=0)
    if stored.dtype.kind != "f" or stored.dtype.itemsize > 8 or not one_axis:
        raise DataFormatError(
            f"{path.name} must be one curve of float16, float32 or float64, "
            f"got {stored.dtype} of shape {stored.shape}"
        )
    curve = np.asarray(stored, dtype=np.float64).ravel()
    renormalised = bool(0 < curve[0] < np.inf and abs(curve[0] - 1) > START_TOLERANCE)
    if renormalised:
        curve = curve / curve[0]
    if problem := curve_problem(curve):
        raise DataFormatError(f"{path.name} is {problem}")
    return curve, renormalised
