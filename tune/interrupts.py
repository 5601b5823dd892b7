"""Ctrl+C and SIGTERM, from the start of a run to its end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def postponed() -> Iterator[None]:
    """Hold Ctrl+C back until the end of the block; a second one ends the block at once.

    For blocks in which two threads import: what is raised amid an import can leave Python's import
    lock taken, and the other thread waits for ever.
    """
    received: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if received:
            signal.default_int_handler(number, frame)
        received.append(number)

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if received:
        signal.raise_signal(signal.SIGINT)


class Interrupts:
    """Remembers the signal that is to end a run.

    Before the trials run it ends the run at once, and afterwards gracefully: each trial finishes
    its epoch. A second one ends it at once.
    """

    def __init__(self) -> None:
        """Listen to Ctrl+C."""
        self.received: int | None = None
        signal.signal(signal.SIGINT, self._at_once)

    def end_gracefully(self) -> None:
        """From now on, end gracefully; also if a signal came that had no effect."""
        signal.signal(signal.SIGINT, self._gracefully)
        signal.signal(signal.SIGTERM, self._gracefully)
        if self.received is not None:
            self._gracefully(self.received, None)

    def stop_listening(self) -> None:
        """Give the signals back: the next sweep of a group may not have begun to listen."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _at_once(self, number: int, frame: FrameType | None) -> None:
        self.received = number  # Python drops the exception if this comes amid a fork
        signal.default_int_handler(number, frame)

    def _gracefully(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        self.stop_listening()
        signal.raise_signal(signal.SIGUSR1)  # Ray Tune's own way to stop gracefully
