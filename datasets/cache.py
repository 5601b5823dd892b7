"""Prepared data of every workload, kept once per machine under the hash of its recipe."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Return the cache folder: ``$SOUNDSWEEP_CACHE``, else ``~/.cache/soundsweep``."""
    return Path(os.environ.get("SOUNDSWEEP_CACHE", Path.home() / ".cache" / "soundsweep"))


def fingerprint(recipe: Mapping[str, Any]) -> str:
    """Hash a recipe of plain values to 16 hexadecimal digits."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepared(name: str, recipe: Mapping[str, Any], write: Callable[[Path], None]) -> Path:
    """Return the cached file of ``recipe``, made by ``write`` if it is not there yet.

    Two processes that ask at once make it once. An interrupted ``write`` leaves nothing that
    could be taken for the finished file.

    Args:
        name: Head of the file's name, e.g. ``edc``.
        recipe: Everything that the content depends on, the generator's version included.
        write: Writes the file to the path it is given; its suffix is ``.h5``.

    Returns:
        Path of the finished file.
    """
    path = folder() / f"{name}-{fingerprint(recipe)}.h5"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = path.with_suffix(f".{os.getpid()}.part")
            try:
                write(partial)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
    return path
