"""Items of a public data set (songs, files): what cannot be used is left out and counted.

n samples of an item, N inputs and M outputs of the network.
"""

import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from datasets.companion_latent import Array
from datasets.companion_table import Table
from datasets.contract import DataFormatError


def nothing_readable(root: Path, *tried: str) -> FileNotFoundError:
    """Make the error of a directory that holds none of the files sought."""
    return FileNotFoundError(
        f"{root} must hold {' or '.join(tried)}; leave the data root out to use the embedded data"
    )


def optional(package: str, purpose: str, extra: str) -> ModuleType:
    """Import a package that only some data need.

    Args:
        package: Its name.
        purpose: What it is needed for.
        extra: Of this distribution, that brings it.

    Returns:
        The package.

    Raises:
        ValueError: If it is not installed; names it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        message = f"{purpose} needs {package}; install it by: pip install 'soundsweep[{extra}]'"
        raise ValueError(message) from error


def gather(
    names: Sequence[str], read: Callable[[str], tuple[Array, Array]], unused: Iterable[str] = ()
) -> Table:
    """Read the samples of every item; each item is a group.

    Args:
        names: Of the items.
        read: Returns inputs ``[n, N]`` and targets ``[n, M]`` of an item, or raises
            ``DataFormatError`` or ``FileNotFoundError`` for one that has to be left out.
        unused: Labels of which there is no item.

    Returns:
        The samples in order.

    Raises:
        DataFormatError: If more than half of the items are left out; names the first five.
    """
    left_out = [f"{name} (no such item)" for name in unused]
    num_items = len(names) + len(left_out)
    inputs, targets, groups = [], [], []
    for number, name in enumerate(names):
        try:
            item = read(name)
        except (DataFormatError, FileNotFoundError) as error:
            left_out.append(f"{name} ({error})")
            continue
        inputs.append(item[0])
        targets.append(item[1])
        groups.append(np.full(len(item[0]), number))
    if 2 * len(left_out) > num_items:
        raise DataFormatError(
            f"at most half of the items may be left out, got {len(left_out)} of {num_items}: "
            f"{', '.join(left_out[:5])}"
        )
    return Table(
        np.concatenate(inputs),
        np.concatenate(targets),
        group=np.concatenate(groups),
        num_items=num_items,
        left_out=left_out,
    )
