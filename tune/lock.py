"""One driver at a time writes to a sweep."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tune.errors import UserError

LOCK = "driver.lock"
ATTEMPTS = 5


@contextmanager
def driver_lock(directory: Path) -> Iterator[None]:
    """Hold the sweep's lock; the operating system gives back that of a dead process.

    Args:
        directory: The sweep's directory.

    Yields:
        Nothing; the lock is held inside the block.

    Raises:
        UserError: If another driver holds it; names its host and process.
    """
    with (directory / LOCK).open("a+") as file:
        if not _taken(file.fileno()):
            file.seek(0)
            raise UserError(_held(directory.name, file.read()))
        file.truncate(0)
        json.dump({"host": socket.gethostname(), "process": os.getpid()}, file)
        file.flush()
        yield


def is_driven(directory: Path) -> bool:
    """Tell whether a driver holds the sweep's lock; writes nothing."""
    lock = directory / LOCK
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _taken(descriptor: int) -> bool:
    """Try for a moment: a watcher asks for the lock as well, but lets go at once."""
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return True
    return False


def _held(name: str, text: str) -> str:
    holder = json.loads(text) if text else {"host": "unknown", "process": "unknown"}
    return (
        f"sweep {name} is being run by process {holder['process']} on {holder['host']}; "
        f"wait for it, or stop it with Ctrl+C there"
    )
