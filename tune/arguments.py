"""Types of command-line arguments; each error says what is allowed."""

import argparse
import json
import re
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit with 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


SECONDS = {"s": 1, "m": 60, "h": 3600}


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return int(text)


def share(text: str) -> float | None:
    """Read a share such as 0.25; ``auto`` is None."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be auto or a number of at least 0, got {text}")
    return value


def duration(text: str) -> float:
    """Read a duration such as 90s, 10m or 8h, in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a number followed by s, m or h, got {text}")
    return float(match[1]) * SECONDS[match[2]]


def assignment(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE; numbers, true, false and null are read as such, the rest is text."""
    key, equals, value = text.partition("=")
    if not equals or "/" not in key:
        raise argparse.ArgumentTypeError(f"must be GROUP/NAME=VALUE, got {text}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
