"""The file under a study: how it is written, and what a dying process leaves of it."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend

from tune.errors import UserError

PROPOSED = "proposed"  # the user attribute that ends every proposal
CREATE_TRIAL, SET_TRIAL_PARAM, SET_TRIAL_SYSTEM_ATTR = 4, 5, 9  # of Optuna's `op_code`

#: What Optuna raises for lines that are no journal, or not one of its own.
DAMAGES = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class Journal(JournalFileBackend):
    """Optuna's journal, of a study's only writer: what belongs together is appended at once."""

    def __init__(self, path: Path) -> None:
        """Open the journal at ``path``, or begin it."""
        super().__init__(str(path))
        self._lines = 0  # of the file, as far as they were read
        self._held: list[dict[str, Any]] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold back what is appended in the block until its end: all of it takes one sync."""
        held_before = self._held is not None
        self.hold()
        try:
            yield
        finally:
            if not held_before:
                self.write()

    def hold(self) -> None:
        """Hold back what is appended from now on, until ``write``; it can be read before."""
        self._held = self._held or []

    def write(self) -> None:
        """Append what was held back."""
        held, self._held = self._held, None
        if held:
            self.append_logs(held)
            self._lines += sum(1 for _ in super().read_logs(self._lines))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append to the file, or to what is held back."""
        if self._held is None:
            super().append_logs(logs)
        else:
            self._held += json.loads(json.dumps(logs))

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """Yield the lines from a number on, those held back among them."""
        if self._held:
            yield from self._held[log_number_from - self._lines :]
            return
        self._lines = log_number_from
        for line in super().read_logs(log_number_from):
            self._lines += 1
            yield line


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

    That may be a line, or a proposal that lacks ``PROPOSED``: it will be made again, alike. Also
    removes the lock that such a process left beside it: the sweep's own lock, which the caller
    holds, already keeps every other writer out.
    """
    if not path.exists():
        return
    Path(f"{path}.lock").unlink(missing_ok=True)
    content = path.read_bytes()
    length = _settled(content, _readable(content))
    if length < len(content):
        with path.open("r+b") as file:
            file.truncate(length)


def _readable(content: bytes) -> int:
    """Return where the last line ends that can be read."""
    for begin, line in _backwards(content, content.rfind(b"\n") + 1):
        if _parsed(line) is not None:
            return begin + len(line)
    return 0


def _settled(content: bytes, length: int) -> int:
    """Return where a proposal begins that is not whole, or else ``length``."""
    for begin, line in _backwards(content, length):
        told = _parsed(line)
        kind = told.get("op_code") if isinstance(told, dict) else None
        if kind == CREATE_TRIAL and "state" not in told:
            return begin
        if kind not in (SET_TRIAL_PARAM, SET_TRIAL_SYSTEM_ATTR):
            return length
    return length


def _backwards(content: bytes, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield where each line before ``end`` begins, and the line; the last one first."""
    while end > 0:
        begin = content.rfind(b"\n", 0, end - 1) + 1
        yield begin, content[begin:end]
        end = begin


def _parsed(line: bytes) -> Any:
    """Return what a line says; None if that is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
