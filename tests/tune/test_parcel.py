"""The user's data on their way to machines that do not have them."""

from pathlib import Path

import pytest

from tune import parcel
from tune.errors import StorageFailure


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a directory of data, with a folder and a link in it."""
    root = tmp_path / "mine"
    (root / "songs").mkdir(parents=True)
    (root / "songs" / "one.csv").write_text("1,2")
    (root / "list.txt").symlink_to(root / "songs" / "one.csv")
    return root


@pytest.fixture(autouse=True)
def other_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this process a cache of its own, as another machine has."""
    monkeypatch.setenv("SOUNDSWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never(_archive: object) -> bytes:
    raise AssertionError("nothing needs to be fetched")


def whole(content: bytes) -> bytes:
    return content


def content(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_machine_that_has_the_data_fetches_nothing(root: Path) -> None:
    assert parcel.place(root, parcel.pack(root, whole), never) == root


@pytest.mark.parametrize("lost", ["all", "a file", "a row", "a value"])
def test_machine_that_lacks_some_of_the_data_gets_all_of_them_once(root: Path, lost: str) -> None:
    packed, before = parcel.pack(root, whole), content(root)
    if lost in ("a row", "a value"):
        (root / "songs" / "one.csv").write_text("1" if lost == "a row" else "1,3")
    else:
        (root / "songs" / "one.csv").unlink()
    if lost == "all":
        (root / "list.txt").unlink()
        (root / "songs").rmdir()
        root.rmdir()
    place = parcel.place(root, packed, whole)
    assert place != root
    assert content(place) == before
    assert parcel.place(root, packed, never) == place


def test_data_in_one_file_travel_too(tmp_path: Path) -> None:
    file = tmp_path / "rooms.h5"
    file.write_text("curves")
    packed = parcel.pack(file, whole)
    assert parcel.place(file, packed, never) == file
    file.unlink()
    place = parcel.place(file, packed, whole)
    assert (place.name, place.read_text()) == ("rooms.h5", "curves")


def test_unpacking_that_was_interrupted_is_done_again(root: Path, other_machine: Path) -> None:
    packed, before = parcel.pack(root, whole), content(root)
    (root / "list.txt").unlink()
    with pytest.raises(EOFError):
        parcel.place(root, packed, lambda archive: interrupted())
    assert not [path for path in other_machine.iterdir() if path.is_dir()]
    assert content(parcel.place(root, packed, whole)) == before


def interrupted() -> bytes:
    raise EOFError


def test_other_data_lie_in_another_place(root: Path) -> None:
    before = parcel.pack(root, whole)
    (root / "songs" / "one.csv").write_text("3,4")
    assert parcel.pack(root, whole).digest != before.digest


def test_data_too_large_to_travel_have_to_be_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcel, "LARGEST_BYTES", 5)
    packed = parcel.pack(root, never)
    assert parcel.place(root, packed, never) == root
    (root / "list.txt").unlink()
    with pytest.raises(StorageFailure, match="mine must be the same on every machine"):
        parcel.place(root, packed, never)
