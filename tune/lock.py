"""One driver at a time writes to a sweep."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tune.errors import UserError


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
    with (directory / "driver.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise UserError(_held(directory.name, file.read())) from error
        file.truncate(0)
        json.dump({"host": socket.gethostname(), "process": os.getpid()}, file)
        file.flush()
        yield


def _held(name: str, text: str) -> str:
    holder = json.loads(text) if text else {"host": "unknown", "process": "unknown"}
    return (
        f"sweep {name} is being run by process {holder['process']} on {holder['host']}; "
        f"wait for it, or stop it with Ctrl+C there"
    )
