"""The user's data on their way to machines of a cluster that do not have them.

They travel as one archive in Ray's object store. Ray's runtime environment, in which the code
travels, would put them where Python imports from; a stranger's data set may hold a ``torch.py``.
"""

import fcntl
import hashlib
import io
import platform
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import cache
from tune.errors import StorageFailure

LARGEST_BYTES = 256 * 1024**2  # larger data belong on a file system that all machines share


@dataclass(frozen=True)
class Parcel:
    """A file of data, or a directory.

    Attributes:
        files: Name and size of each; the names begin with that of the file or directory itself.
        digest: Of what is in them; empty if they do not travel.
        archive: What stands for a tar file of it; None if it is too large to travel.
    """

    files: list[tuple[str, int]]
    digest: str = ""
    archive: Any = None


def pack(root: Path, put: Callable[[bytes], Any]) -> Parcel:
    """Pack the user's data.

    Args:
        root: Their file or directory.
        put: Hands an archive over to what carries it; returns what stands for it.

    Returns:
        The parcel.
    """
    files = _files(root)
    if sum(size for _, size in files) > LARGEST_BYTES:
        return Parcel(files)
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w", dereference=True) as archive:
            for name, _ in files:
                archive.add(root.parent / name, arcname=f"data/{name}")
        content = buffer.getvalue()
    return Parcel(files, _digest(root), put(content))


def place(root: Path, parcel: Parcel, get: Callable[[Any], bytes]) -> Path:
    """Return where the data lie on this machine, after unpacking them if they are not here.

    Args:
        root: Where they lie on the driver's.
        parcel: What ``pack`` returned there.
        get: Returns the archive that ``parcel.archive`` stands for.

    Returns:
        ``root`` if the same is here (by content; by names and sizes if too large to travel); else
        a copy in the cache.

    Raises:
        StorageFailure: If they are not here and too large to travel.
    """
    if _files(root) == parcel.files and parcel.digest in ("", _digest(root)):
        return root
    if parcel.archive is None:
        raise StorageFailure(
            f"{root} must be the same on every machine, but is not on {platform.node()}"
        )
    unpacked = cache.folder() / f"data-{parcel.digest}"
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    with unpacked.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not unpacked.exists():
            _unpack(get(parcel.archive), unpacked)
    return unpacked / root.name


def _unpack(content: bytes, folder: Path) -> None:
    """Unpack an archive beside where it belongs, and move it there as a whole."""
    with (
        tempfile.TemporaryDirectory(dir=folder.parent) as partial,
        tarfile.open(fileobj=io.BytesIO(content)) as archive,
    ):
        if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on; it is the driver's archive
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(partial)
        (Path(partial) / "data").replace(folder)


def _digest(root: Path) -> str:
    """Tell data apart by what is in them."""
    content = hashlib.sha256()
    for name, _ in _files(root):
        content.update(hashlib.sha256(name.encode()).digest())
        with (root.parent / name).open("rb") as file:
            content.update(hashlib.file_digest(file, "sha256").digest())
    return content.hexdigest()[:16]


def _files(root: Path) -> list[tuple[str, int]]:
    found = [path for path in (root, *root.rglob("*")) if path.is_file()]
    return sorted((str(path.relative_to(root.parent)), path.stat().st_size) for path in found)
