"""A study in PostgreSQL instead of the journal: ``--study postgresql://user@host/database``.

``study.journal`` is then one line that names the database and the study in it. A password is in
neither: libpq looks for it in $PGPASSWORD and in ~/.pgpass.
"""

import functools
import json
import logging
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial

from tune.arguments import study_url
from tune.errors import StorageFailure, UserError
from tune.records import write_text

PATIENCE_S = 600.0  # a server that is updated is back by then
PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # between attempts; the last one over and over
#: The server notices within a minute that a driver's machine is gone, and frees its lock.
OPTIONS = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


class Unreachable(StorageFailure, ConnectionError):
    """The database of a study does not answer, or lets another driver write."""


@dataclass(frozen=True)
class Database:
    """A study in a database.

    Attributes:
        url: The database, without a password.
        study: The study's name there, ``<workload>/<sweep>``.
    """

    url: str
    study: str

    def check_new(self) -> None:
        """Check that the database answers, and has no such study yet.

        Raises:
            UserError: If not.
        """
        if self.study in optuna.get_all_study_names(self.opened()):
            message = f"there must be no study {self.study} yet in {self.url}, but there is one"
            raise UserError(f"{message}; choose another --name, or resume it where it lies")

    def trials(self) -> list[FrozenTrial]:
        """Read the trials; the study may be written to at the same time.

        Returns:
            All of them, in order.

        Raises:
            UserError: If the database does not answer, or has no such study.
        """
        storage = self.opened()
        if self.study not in optuna.get_all_study_names(storage):
            raise UserError(f"there must be a study {self.study} in {self.url}, but is none")
        return storage.get_all_trials(storage.get_study_id_from_name(self.study))

    def opened(self, **engine: Any) -> RDBStorage:
        """Open the database.

        Args:
            **engine: Keywords of ``sqlalchemy.create_engine``.

        Returns:
            Optuna's storage.

        Raises:
            UserError: If the database does not answer, or there is no driver for it.
        """
        from sqlalchemy import NullPool, make_url
        from sqlalchemy.exc import SQLAlchemyError

        if find_spec("psycopg") is None:
            raise UserError("--study needs a driver: pip install 'soundsweep[postgres]'")
        url = make_url(self.url).set(drivername="postgresql+psycopg")
        connect = {"connect_timeout": 10, "options": OPTIONS}
        engine = {"poolclass": NullPool, "connect_args": connect} | engine
        try:
            return RDBStorage(url.render_as_string(), engine)
        except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
            message = f"the database {self.url} must answer, got: {_reason(error)}"
            raise Unreachable(message) from error

    def lock(self, connection: Any, _record: object) -> None:
        """Let no other driver write to the study for as long as the connection lasts.

        Args:
            connection: Of psycopg, just opened.
            _record: Of SQLAlchemy's pool.

        Raises:
            Unreachable: If another driver does.
        """
        query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        (taken,) = connection.execute(query, [f"soundsweep {self.study}"]).fetchone()
        connection.commit()
        if not taken:
            message = f"study {self.study} in {self.url} is being written to by another driver"
            raise Unreachable(f"{message}; wait for it, or stop it with Ctrl+C there")


@functools.cache  # as long as the process lives, the study is its own
def driven(database: Database) -> RDBStorage:
    """Open a study to write to it; only one process at a time may.

    Args:
        database: Where it is.

    Returns:
        Optuna's storage.

    Raises:
        UserError: If the database does not answer, or another driver writes to the study.
    """
    from sqlalchemy import StaticPool

    # Of a lost connection `patient` says what Optuna would print with the whole of its query.
    logging.getLogger("optuna.storages._rdb.storage").setLevel(logging.ERROR)
    database.opened()  # makes the tables, for which Optuna needs two connections at a time
    # From now on there is one, which holds the lock; where it breaks, the next takes the lock.
    lock = [(database.lock, "connect")]
    return database.opened(poolclass=StaticPool, pool_events=lock)


def point(journal: Path, database: Database) -> None:
    """Make a sweep's journal the one line that names its database."""
    write_text(journal, json.dumps(asdict(database)) + "\n")


def pointed(journal: Path) -> Database | None:
    """Return the database that a journal names, or None for a journal of its own.

    Args:
        journal: The journal, which need not exist; perhaps a stranger's.

    Returns:
        The database.

    Raises:
        UserError: If it names something else than a database.
    """
    if not journal.exists():
        return None
    with journal.open("rb") as file:
        start = file.readline(4096)
    if not start.startswith(b'{"url"'):
        return None
    try:
        entry = json.loads(start)
        return Database(study_url(entry["url"]), str(entry["study"]))
    except (ArgumentTypeError, LookupError, ValueError) as error:
        raise UserError(f"{journal} must name a study's database, but is damaged") from error


def patient(method: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Repeat a method of a study while its database does not answer.

    A driver can be killed inside every one of them, so each may be repeated from its start.

    Args:
        method: Reads or writes the study.

    Returns:
        The same, for ``PATIENCE_S`` at most; then it raises ``Unreachable``.
    """

    @functools.wraps(method)
    def repeated(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        begun, attempts = time.monotonic(), 0
        while True:
            try:
                returned = method(*args, **kwargs)
            except (StorageInternalError, Unreachable) as error:
                waited_s = time.monotonic() - begun
                if not _passing(error) or waited_s > PATIENCE_S:
                    message = f"the study's database failed for {waited_s:.0f} s"
                    raise Unreachable(f"{message}: {_reason(error)}") from error
                if not attempts:
                    _say(f"does not answer ({_reason(error)}); waiting {PATIENCE_S:.0f} s at most")
                time.sleep(PAUSES_S[min(attempts, len(PAUSES_S) - 1)])
                attempts += 1
            else:
                if attempts:
                    _say("answers again; the sweep goes on")
                return returned

    return repeated


def _passing(error: Exception) -> bool:
    """Tell whether an error may pass: a lost connection, but not a missing table."""
    from sqlalchemy.exc import OperationalError, PendingRollbackError

    # The second one is what Optuna makes of the first where it tries another query at once.
    lost = (OperationalError, PendingRollbackError)
    return isinstance(error, Unreachable) or isinstance(error.__cause__, lost)


def _reason(error: BaseException) -> str:
    """Return the server's own words, which hold no password."""
    cause = getattr(error, "orig", None) or error.__cause__
    return _reason(cause) if cause is not None else str(error).strip().partition("\n")[0]


def _say(what: str) -> None:
    print(f"warning: the study's database {what}", file=sys.stderr, flush=True)
