"""A limit on the time that a piece of work may take."""

import faulthandler
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tune.errors import TrialFailure

GRACE_S = 60.0  # native code that does not return cannot be interrupted, only its process ended


@contextmanager
def time_limit(left_s: float, limit_s: float) -> Iterator[None]:
    """End a block of the main thread when its time is up.

    Work that does not even hear the alarm, such as a deadlock in native code, loses its process a
    minute later; where it stood goes to the standard error.

    Args:
        left_s: Time that the block may take, in seconds; infinite for no limit.
        limit_s: The whole limit, of which so much is left; for the message.

    Yields:
        Nothing.

    Raises:
        TrialFailure: In the block, when the time is up.
    """

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TrialFailure(f"took longer than its {limit_s:g} s")

    if math.isinf(left_s):
        yield
        return
    left_s = max(left_s, 1e-3)  # a timer of 0 s would never ring
    before = signal.signal(signal.SIGALRM, ring)
    faulthandler.dump_traceback_later(left_s + GRACE_S, exit=True, file=2)
    signal.setitimer(signal.ITIMER_REAL, left_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
