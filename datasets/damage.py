"""What libraries raise for a file that is cut, damaged or no such file at all."""

import struct
import zlib
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

from datasets.contract import DataFormatError

#: Of ``.npy`` and ``.npz``: numpy reads an array's head with Python's own parser, and a damaged
#: shape can ask for any amount of memory.
ARRAYS = (
    *(BadZipFile, EOFError, LookupError, MemoryError, OSError, OverflowError, RuntimeError),
    *(SyntaxError, TokenError, TypeError, ValueError, struct.error, zlib.error),
)
#: Of HDF5, when a file is opened and whenever it is read.
HDF5 = (AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_DRIVER_AT = {0: 48, 1: 52}  # by version of the head; later versions carry a checksum


def check_hdf5(path: Path) -> None:
    """Refuse an HDF5 file whose head leads libhdf5 astray, before it is opened.

    A damaged head names a block with the settings of a driver, and libhdf5 allocates whatever size
    stands there.

    Args:
        path: The file.

    Raises:
        DataFormatError: If its head names a driver.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if len(head) == 64 and head.startswith(_SIGNATURE) and head[8] in _DRIVER_AT:
        start = _DRIVER_AT[head[8]]
        if head[13] != 8 or head[start : start + 8] != b"\xff" * 8:
            raise DataFormatError(f"{path} must be a whole HDF5 file, but its head is damaged")
