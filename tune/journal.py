"""The file under a study: what may be wrong with it, and what a dying process leaves of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tune.errors import UserError

#: What Optuna raises for lines that are no journal, or not one of its own.
DAMAGES = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Read a journal in the block; what is wrong with it becomes one line.

    Args:
        path: The journal.

    Yields:
        Nothing.

    Raises:
        UserError: If it is damaged.
    """
    try:
        yield
    except DAMAGES as error:
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        message = f"{path} must be a journal as tune.run wrote it, but is damaged ({what})"
        raise UserError(f"{message}; restore it from a copy or start a new sweep") from error


def mend(path: Path) -> None:
    """Cut off what a dying process left half-written at the end of a journal.

    Also removes the lock that such a process left beside it: the sweep's own lock, which the
    caller holds, already keeps every other writer out.
    """
    if not path.exists():
        return
    Path(f"{path}.lock").unlink(missing_ok=True)
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    while whole and not _is_json(whole[whole[:-1].rfind(b"\n") + 1 :]):
        whole = whole[: whole[:-1].rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
