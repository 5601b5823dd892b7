"""Errors that a person is meant to read, and how every verb tells them."""

import sys
from collections.abc import Callable

INTERRUPTED = 130  # exit code after Ctrl+C
TERMINATED = 143  # after SIGTERM


class UserError(ValueError):
    """What the user asked for cannot be done; one line that names what, where and the remedy."""


class StorageFailure(UserError):
    """What was computed cannot be kept, as on a full disk; no configuration is to blame."""


class TrialFailure(RuntimeError):
    """This configuration cannot be trained; the message is the reason in the record."""


def answer(verb: Callable[[], int], farewell: str = "interrupted", code: int = INTERRUPTED) -> int:
    """Run a verb; say on one line what the user has to mend.

    Args:
        verb: Returns its exit code.
        farewell: Said after Ctrl+C.
        code: The exit code then.

    Returns:
        The exit code: 2 for what cannot be done as asked, and for files that cannot be used.
    """
    try:
        return verb()
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(farewell, file=sys.stderr)
        return code
