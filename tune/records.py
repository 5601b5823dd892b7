"""What a sweep writes for people: ``metrics.csv`` a trial, ``trials.csv``, ``best.csv``/``.json``.

All of it can be made again from the study and the checkpoints.
"""

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from tune.errors import UserError

Row = dict[str, Any]

#: Columns of an epoch's row that say how it went, beside the workload's metrics.
EPOCH = ("epoch", "value", "objective", "best_epoch", "train_loss", "lr", "skipped_steps")
#: Columns that say how large the model is, alike in every epoch.
SIZE = ("parameters", "trainable_parameters")


def write_text(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees the old text or the new one."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV; the columns are those of all rows, in order of first appearance."""
    write_text(path, csv_text(rows))


def csv_text(rows: Iterable[Row]) -> str:
    """Format rows as CSV."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(cell(column) for column in columns)
    writer.writerows([cell(row.get(column, "")) for column in columns] for row in rows)
    return buffer.getvalue()


def cell(value: Any) -> Any:
    """Keep a text that a spreadsheet would run as a formula from being one."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", "\n")  # which the csv module would leave unquoted
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\n")) else text


def write_json(path: Path, value: Any) -> None:
    """Write strict JSON; a number that is not finite becomes null."""
    write_text(path, json.dumps(finite(value), indent=2, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """Replace every non-finite number in a nested value by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append an epoch's row to a trial's ``metrics.csv``, with a header if it is the first."""
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow(row)


def read_rows(path: Path) -> list[dict[str, float]]:
    """Read a ``metrics.csv``; a last line that a crash cut short is left out.

    Args:
        path: The file, which need not exist.

    Returns:
        A row an epoch.

    Raises:
        UserError: If it is damaged.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    try:
        whole = content[: content.rfind(b"\n") + 1].decode()
        rows = csv.DictReader(io.StringIO(whole))
        return [{key: number(text) for key, text in row.items()} for row in rows]
    except (AttributeError, TypeError, ValueError, csv.Error) as error:
        what = str(error).partition("\n")[0]
        raise UserError(f"{path} must be a table of numbers, but is damaged ({what})") from error


def number(text: str) -> float:
    """Read a number as it was written: a whole one stays whole."""
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def keep_rows(path: Path, epochs: int) -> None:
    """Drop the rows after ``epochs``: the study does not know them, and they will come again.

    So will the rows of a damaged file, and those after a lost one: the checkpoint knows them.
    """
    try:
        rows = read_rows(path)
    except UserError:
        rows = []
    numbered = zip(range(1, epochs + 1), rows, strict=False)
    known = takewhile(lambda pair: pair[1].get("epoch") == pair[0], numbered)
    rows = [row for _, row in known]
    if rows:
        write_csv(path, rows)
    else:
        path.unlink(missing_ok=True)


def summarise(rows: Sequence[Mapping[str, float]]) -> Row:
    """Sum up a trial's epochs: how many, how long, and every metric at the best and last one."""
    if not rows:
        return {"epochs": 0, "seconds": 0.0}
    last = rows[-1]
    best = rows[int(last["best_epoch"]) - 1]
    return {
        "epochs": int(last["epoch"]),
        "best_epoch": int(last["best_epoch"]),
        "objective": last["objective"],
        "seconds": sum(row["seconds"] for row in rows),
        **{key: last[key] for key in SIZE if key in last},
        "best": metrics(best),
        "last": metrics(last),
    }


def metrics(row: Mapping[str, float]) -> dict[str, float]:
    """Return those values of an epoch's row that are metrics."""
    return {key: value for key, value in row.items() if key not in (*EPOCH, "seconds", *SIZE)}
