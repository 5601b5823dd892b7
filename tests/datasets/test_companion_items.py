"""Items that are left out and counted."""

import numpy as np
import pytest

from datasets.companion_items import gather, optional
from datasets.companion_latent import Array
from datasets.contract import DataFormatError


def read(name: str) -> tuple[Array, Array]:
    """Return as many samples as the name has letters; fail for names in capitals."""
    if name.isupper():
        raise DataFormatError("no label")
    return np.full((len(name), 2), ord(name[0])), np.zeros((len(name), 1))


def test_samples_of_an_item_form_a_group() -> None:
    table = gather(["aa", "b"], read)
    assert table.inputs[:, 0].tolist() == [97, 97, 98]
    assert table.groups().tolist() == [0, 0, 1]
    assert (table.num_items, list(table.left_out)) == (2, [])


def test_unlabelled_item_is_left_out_and_counted() -> None:
    """Earlier versions gave it a random label, anew at each access."""
    table = gather(["a", "B", "c"], read, unused=["lost"])
    assert len(table.inputs) == 2
    assert table.num_items == 4
    assert list(table.left_out) == ["lost (no such item)", "B (no label)"]
    assert table.groups().tolist() == [0, 2]


def test_more_than_half_left_out_is_an_error_naming_five() -> None:
    with pytest.raises(DataFormatError) as caught:
        gather(["a", *"BCDEFGH"], read)
    assert "at most half of the items may be left out, got 7 of 8: B (no label)" in str(
        caught.value
    )
    assert "F (no label)" in str(caught.value)
    assert "G (no label)" not in str(caught.value)


def test_defect_of_a_reader_is_not_taken_for_a_bad_item() -> None:
    def broken(name: str) -> tuple[Array, Array]:
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError):
        gather(["a"], broken)


def test_missing_package_is_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match=r"reading it needs no_such; .*'soundsweep\[sound\]'"):
        optional("no_such", "reading it", "sound")
