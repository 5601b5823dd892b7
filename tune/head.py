"""Ends the driver when Ray is gone, with a word on how to go on.

Ray itself keeps the driver waiting for a minute, deaf to Ctrl+C, and then ends it from inside a
library. A sweep's record is whole at every moment, so ending there loses nothing.
"""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

PERIOD_S = 2.0
SILENCES = 10  # in a row: a head that is replaced within 20 s is not missed


@contextmanager
def watched(address: str, again: str) -> Iterator[None]:
    """End this process if, during the block, nobody answers at Ray's address any more.

    Args:
        address: ``host:port`` of the head, or of the door by which this process came in.
        again: The command that goes on with the sweep.
    """
    over = threading.Event()
    threading.Thread(target=_watch, args=(address, again, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(address: str, again: str, over: threading.Event) -> None:
    silences = 0
    while silences < SILENCES:
        if over.wait(PERIOD_S):
            return
        silences = 0 if answers(address) else silences + 1
    Console().show_cursor()  # the live table hides it
    told = f"Ray must answer at {address}, but its head is gone; what is recorded is kept"
    print(f"error: {told}, go on with: {again}", file=sys.stderr, flush=True)
    os._exit(2)  # the main thread waits inside Ray, where no exception reaches it


def answers(address: str) -> bool:
    """Tell whether somebody listens at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=PERIOD_S).close()
    except OSError:
        return False
    return True
