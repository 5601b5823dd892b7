"""Tables and JSON of the user."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.contract import DataFormatError


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Args:
        path: The file.

    Returns:
        What it holds.

    Raises:
        DataFormatError: If it is no JSON; names the line.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataFormatError(f"{path.name} must be JSON, got: {error}") from error


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table; blanks around header and values do not count.

    Args:
        path: The CSV file.
        columns: Those that it must have.

    Returns:
        Its rows by name of the column.

    Raises:
        DataFormatError: If a column is missing, there are no rows, or one has other values.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = [[value.strip() for value in line] for line in csv.reader(file) if line]
    header, *rows = lines or [[]]
    missing = [name for name in columns if name not in header]
    if missing:
        raise DataFormatError(
            f"{path.name} must have the columns {', '.join(columns)}, got no {', '.join(missing)} "
            f"among {', '.join(header) or 'nothing'}"
        )
    if not rows:
        raise DataFormatError(f"{path.name} must have rows, got its header alone")
    for index, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataFormatError(
                f"row {index} of {path.name} must have {len(header)} values, got {len(row)}"
            )
    return [dict(zip(header, row, strict=True)) for row in rows]
