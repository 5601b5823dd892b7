"""Ctrl+C and SIGTERM, from the start of a run to its end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tune.errors import TERMINATED

ENDINGS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def postponed() -> Iterator[None]:
    """Hold Ctrl+C and SIGTERM back until the end of the block; a second one ends it at once.

    For blocks in which two threads import, or which start processes: what is raised amid an import
    or a fork can leave a lock of Python's taken, and the next to want it waits for ever.
    """
    received: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if received:
            signal.default_int_handler(number, frame)
        received.append(number)

    before = {number: signal.signal(number, hold) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


class Interrupts:
    """Remembers the signal that is to end a run.

    Before the trials run it ends the run at once, and afterwards gracefully: each trial finishes
    its epoch. A second one ends it at once.
    """

    def __init__(self) -> None:
        """Listen to Ctrl+C and SIGTERM."""
        self.received: int | None = None
        self._listen(self._at_once)

    def end_gracefully(self) -> None:
        """From now on, end gracefully; also if a signal came that had no effect."""
        self._listen(self._gracefully)
        if self.received is not None:
            self._gracefully(self.received, None)

    def stop_listening(self) -> None:
        """Give the signals back: the next sweep of a group may not have begun to listen."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _listen(self, handler: Callable[[int, FrameType | None], None]) -> None:
        for number in ENDINGS:
            signal.signal(number, handler)

    def _at_once(self, number: int, frame: FrameType | None) -> None:
        self.received = number  # Python drops the exception if this comes amid a fork
        if number == signal.SIGTERM:
            raise SystemExit(TERMINATED)
        signal.default_int_handler(number, frame)

    def _gracefully(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        self.stop_listening()
        signal.raise_signal(signal.SIGUSR1)  # Ray Tune's own way to stop gracefully
