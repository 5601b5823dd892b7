"""Keeps a copy of a sweep in object storage while it runs: ``--storage s3://bucket/path``.

The sweep works on its own directory only. A thread copies what changes there; a storage that
fails, is slow or gone never stops the sweep.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import Any

from tune.layout import Layout
from tune.remote import JOURNAL, Remote, first_line, whole_lines

PERIOD_S = 5.0  # between two looks at the directory
FAREWELL_S = 60.0  # that the end of a sweep waits for its copy
UNFINISHED = (".part", ".lock")
Version = tuple[int, int]  # time in ns and size in bytes: tells versions of a file apart


@contextmanager
def mirrored(storage: str | None, place: Layout) -> Iterator[None]:
    """Copy a sweep while the block runs, and say at its end what is not copied.

    Args:
        storage: ``s3://bucket/path``, or None for no copy.
        place: The sweep.

    Yields:
        Nothing.

    Raises:
        UserError: If the storage cannot be reached at the beginning.
    """
    if storage is None:
        yield
        return
    mirror = Mirror(place, Remote(storage, place), PERIOD_S)
    mirror.start()
    try:
        yield
    finally:
        missing = mirror.finish(FAREWELL_S)
        if missing:
            named = f"{len(missing)} files ({', '.join(missing[:3])} ...)"
            again = f"--resume {place.directory.name} --storage {storage}"
            _say(f"{named} are not copied to {mirror.remote.url}; copy them with {again}")


class Mirror:
    """Copies what changes in a sweep's directory, from a thread of its own."""

    def __init__(self, place: Layout, remote: Remote, period_s: float) -> None:
        """Copy ``place`` to ``remote`` every ``period_s``."""
        self.directory, self.remote, self.period_s = place.directory, remote, period_s
        self.copied: dict[str, Version] = {}
        self.failing = False
        self._ends = threading.Event()
        self._until = float("inf")
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to copy."""
        self._thread.start()

    def finish(self, limit_s: float) -> list[str]:
        """Copy the rest.

        Args:
            limit_s: How long to wait for it.

        Returns:
            What is not copied then.
        """
        self._until = time.monotonic() + limit_s
        self._ends.set()
        self._thread.join(limit_s)
        return list(self._changed())

    def copy(self) -> None:
        """Copy everything that has changed, and remove from the copy what is gone.

        The journal is read first and written last, so that the copy never tells of an epoch whose
        checkpoint it has not.
        """
        changed = self._changed()
        version = changed.pop(JOURNAL, None)
        journal = whole_lines((self.directory / JOURNAL).read_bytes()) if version else b""
        sent = [self._send(name, seen) for name, seen in changed.items()]
        if not all(sent):
            return
        if version and self._attempt(self.remote.write, JOURNAL, journal):
            self.copied[JOURNAL] = version
        for name in self.copied.keys() - self._files().keys():
            if self._attempt(self.remote.files.delete_file, name):
                del self.copied[name]

    def _work(self) -> None:
        while not self._ends.wait(self.period_s):
            self.copy()
        self.copy()
        while self._changed() and time.monotonic() < self._until:
            time.sleep(min(self.period_s, 1.0))
            self.copy()

    def _send(self, name: str, version: Version) -> bool:
        """Copy one file; tell whether it is there, or need not be any more."""
        try:
            content = (self.directory / name).read_bytes()
        except FileNotFoundError:
            return True
        if not self._attempt(self.remote.write, name, content):
            return False
        self.copied[name] = version
        return True

    def _attempt(self, action: Callable[..., Any], *arguments: Any) -> bool:
        """Tell whether the storage took it; say once that it fails, and once that it is back."""
        if time.monotonic() > self._until:
            return False
        try:
            action(*arguments)
        except OSError as error:
            if not self.failing:
                reason = first_line(error)
                _say(f"copying to {self.remote.url} fails ({reason}); the sweep goes on")
            self.failing = True
            return False
        if self.failing:
            _say(f"copying to {self.remote.url} works again")
        self.failing = False
        return True

    def _changed(self) -> dict[str, Version]:
        files = self._files()
        return {name: seen for name, seen in files.items() if self.copied.get(name) != seen}

    def _files(self) -> dict[str, Version]:
        return {
            path.relative_to(self.directory).as_posix(): version
            for path in self.directory.rglob("*")
            if path.suffix not in UNFINISHED and not path.name.startswith(".")
            if (version := _version(path)) is not None
        }


def _version(path: Path) -> Version | None:
    """Return the version of a file; None for a link, a directory or what is gone by now."""
    try:
        seen = path.lstat()
    except FileNotFoundError:
        return None
    return (seen.st_mtime_ns, seen.st_size) if S_ISREG(seen.st_mode) else None


def _say(what: str) -> None:
    print(f"warning: {what}", file=sys.stderr, flush=True)
