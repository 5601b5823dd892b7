"""Command-line arguments that the verbs share; each error says what is allowed."""

import argparse
import json
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from tune import workloads

#: What proposes configurations; the first one unless another is chosen.
SAMPLERS = ("tpe", "random", "grid")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit with 2."""
        self.exit(2, f"error: {without_password(message)}; see {self.prog} --help\n")


def add_sweep(parser: argparse.ArgumentParser, *, groups: bool = False) -> None:
    """Add what names one sweep, or those of a group: workload, own name, and where sweeps lie."""
    known = ", ".join((*workloads.NAMES, *(workloads.GROUPS if groups else ())))
    parser.add_argument("workload", type=workloads.resolve, metavar="WORKLOAD", help=known)
    parser.add_argument("--sweep", metavar="NAME", help="the sweep; without it, the newest one")
    add_results(parser)


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add where sweeps lie."""
    parser.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")


def add_set(parser: argparse.ArgumentParser | argparse._ArgumentGroup, help: str) -> None:
    """Add the values that are fixed, or the data that are chosen."""
    parser.add_argument(
        "--set", action="append", type=assignment, default=[], metavar="KEY=VALUE", help=help
    )


SECONDS = {"s": 1, "m": 60, "h": 3600}
QUERY = {"host", "sslmode", "sslrootcert"}  # libpq has others, of which some hold a secret


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return int(text)


def several(text: str) -> int:
    """Read a whole number of at least 2."""
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 2, got {text}")
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


def without_password(text: str) -> str:
    """Return a text, such as an argument or a message, without the password of an address."""
    return re.sub(r"(?<=://)([^:/@\s]*):\S*@", r"\1@", text)


def study_url(text: str) -> str:
    """Read ``postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE``.

    A password moves to $PGPASSWORD, so that nothing of ours can print or keep it.

    Args:
        text: As the user typed it.

    Returns:
        The address without the password.

    Raises:
        ArgumentTypeError: If it is of another shape; does not say which, it may hold a password.
    """
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = make_url("unreadable://")
    named = url.drivername == "postgresql" and url.database and "@" not in (url.host or "")
    if not named or not QUERY.issuperset(url.query):
        allowed = f"an @ in a password as %40, and only {', '.join(sorted(QUERY))} after a '?'"
        raise argparse.ArgumentTypeError(f"must be postgresql://USER@HOST/DATABASE, {allowed}")
    if url.password is not None:
        os.environ["PGPASSWORD"] = str(url.password)
    parts = (url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return URL.create(*parts).render_as_string()


def storage_url(text: str) -> str:
    """Read ``s3://BUCKET/PATH``; the path may be missing."""
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[\w.-]+)*/?", text, re.ASCII):
        raise argparse.ArgumentTypeError("must be s3://BUCKET/PATH, with nothing else in it")
    return text.rstrip("/")
