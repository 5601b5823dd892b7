"""The copy of a sweep in object storage: ``--storage s3://bucket/path``.

Credentials, region and endpoint come from the usual AWS variables.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from tune.errors import UserError
from tune.layout import Layout, check_contained

ANSWER_S = 5.0  # without a byte, after which a request has failed
JOURNAL = "study.journal"


class Remote:
    """The copy of one sweep: ``<storage>/<workload>/<sweep>/...``."""

    def __init__(self, storage: str, place: Layout) -> None:
        """Connect to the storage.

        Args:
            storage: ``s3://bucket/path``.
            place: The sweep.

        Raises:
            UserError: If there is no such bucket, or no answer.
        """
        from pyarrow.fs import SubTreeFileSystem

        self.url = f"{storage}/{place.directory.parent.name}/{place.directory.name}"
        base = self.url.removeprefix("s3://")
        with self._asked():
            s3 = _s3()
            if s3.get_file_info(base.partition("/")[0]).type.name == "NotFound":
                raise OSError("no such bucket")
        self.files = SubTreeFileSystem(base, s3)

    def names(self) -> list[str]:
        """Look what lies there.

        Returns:
            The names of the files, relative to the sweep's directory.

        Raises:
            UserError: If there is no answer, or a name leads out of the directory.
        """
        from pyarrow.fs import FileSelector

        with self._asked():
            found = self.files.get_file_info(FileSelector("", True, True))
        names = [each.path for each in found if each.type.name == "File"]
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise UserError(f"{self.url} must hold a sweep only, but has a file {name}")
        return names

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self._asked(), self.files.open_input_stream(name) as file:
            return bytes(file.read())

    def write(self, name: str, content: bytes) -> None:
        """Replace a file; a reader sees the old content or the new one.

        Args:
            name: Relative to the sweep's directory.
            content: What it is to hold.

        Raises:
            OSError: If the storage does not take it.
        """
        with self.files.open_output_stream(name) as file:
            file.write(content)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.url} must be reachable, got: {first_line(error)}"
            raise UserError(f"{message}; leave --storage out to go on without a copy") from error


def check_new(storage: str, place: Layout) -> None:
    """Check that a new sweep would not overwrite the copy of another.

    Args:
        storage: ``s3://bucket/path``.
        place: The new sweep.

    Raises:
        UserError: If it would, or if the storage does not answer.
    """
    remote = Remote(storage, place)
    if JOURNAL in remote.names():
        again = f"--resume {place.directory.name} --storage {storage}"
        raise UserError(f"{remote.url} must not hold a sweep yet; continue it with {again}")


def bring_back(storage: str, place: Layout, results: Path) -> None:
    """Make a sweep's directory as new as its copy.

    The journals tell which is newer, since they only ever grow. The journal comes last: without it
    there is no sweep, so that one brought back by halves is brought back again.

    Args:
        storage: ``s3://bucket/path``.
        place: The sweep, which need not be there.
        results: The directory that holds all sweeps.

    Raises:
        UserError: If the two have gone different ways, or if the storage does not answer.
    """
    remote = Remote(storage, place)
    names = remote.names()
    if JOURNAL not in names:
        return
    copied = remote.read(JOURNAL)
    own = place.journal.read_bytes() if place.journal.exists() else b""
    if own.startswith(copied):
        return
    if not copied.startswith(whole_lines(own)):
        message = f"{place.directory} and {remote.url} must be one sweep, but went different ways"
        raise UserError(f"{message}; move one of them away")
    if place.directory.exists():
        check_contained(place.directory, results)
    for name in sorted(names, key=lambda name: name == JOURNAL):
        _replace(place.directory / name, copied if name == JOURNAL else remote.read(name))


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)


def whole_lines(content: bytes) -> bytes:
    """Leave out the line that is just being appended."""
    return content[: content.rfind(b"\n") + 1]


def first_line(error: Exception) -> str:
    """Return what went wrong, on one line."""
    return str(error).strip().partition("\n")[0]


def _s3() -> Any:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    scheme, _, host = endpoint.rstrip("/").rpartition("://")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return S3FileSystem(
        region=region,
        scheme=scheme or "https",
        endpoint_override=host or None,
        connect_timeout=ANSWER_S,
        request_timeout=ANSWER_S,
        allow_delayed_open=True,  # one request for a small file instead of three
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=2),
    )
