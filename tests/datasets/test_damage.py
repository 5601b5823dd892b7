from pathlib import Path

import numpy as np
import pytest

from datasets import damage


@pytest.mark.parametrize("length", [-164, 10**32])
def test_array_of_absurd_length_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "curve.npy"
    head = {"descr": "<f4", "fortran_order": False, "shape": (length,)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, head)
        file.write(bytes(64))
    with pytest.raises(damage.ARRAYS):
        np.lib.format.open_memmap(path, mode="r")
