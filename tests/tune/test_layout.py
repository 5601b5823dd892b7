import os
from pathlib import Path

import pytest

from tune import layout
from tune.errors import UserError


def make(results: Path, workload: str, name: str, age_s: float = 0.0) -> Path:
    directory = results / workload / name
    directory.mkdir(parents=True)
    journal = directory / "study.journal"
    journal.touch()
    os.utime(journal, (1e9 - age_s, 1e9 - age_s))
    return directory


@pytest.mark.parametrize("name", ["../evil", "a/b", "/abs", "", "..", ".hidden", "a b", "x\n"])
def test_name_that_could_leave_its_directory_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="a sweep's name may hold"):
        layout.check_name(name)


def test_new_name_is_readable_and_unused(tmp_path: Path) -> None:
    first = layout.new_name(tmp_path, "edc")
    assert first.startswith("edc-20")
    make(tmp_path, "edc", first)
    assert layout.new_name(tmp_path, "edc") not in (first, "")


def test_sweep_worked_on_last_comes_first(tmp_path: Path) -> None:
    make(tmp_path, "edc", "old", age_s=100)
    make(tmp_path, "edc", "new")
    assert [each.directory.name for each in layout.sweeps(tmp_path, "edc")] == ["new", "old"]


def test_unknown_sweep_lists_the_known_ones(tmp_path: Path) -> None:
    make(tmp_path, "edc", "monday")
    with pytest.raises(UserError, match="no sweep tuesday of edc .* known sweeps: monday"):
        layout.find(tmp_path, "edc", "tuesday")


def test_sweep_of_another_workload_is_named_with_the_right_command(tmp_path: Path) -> None:
    make(tmp_path, "melody", "monday")
    with pytest.raises(UserError, match="python -m tune.run melody --resume monday"):
        layout.find(tmp_path, "edc", "monday")


@pytest.mark.parametrize(("text", "message"), [(None, "has none"), ("{half", "cannot be read")])
def test_missing_or_broken_description_is_named(
    tmp_path: Path, text: str | None, message: str
) -> None:
    directory = make(tmp_path, "edc", "monday")
    if text is not None:
        (directory / "sweep.json").write_text(text)
    with pytest.raises(UserError, match=f"sweep.json.*{message}"):
        layout.Layout(directory).describe()


def test_results_below_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file"):
        layout.check_writable(tmp_path / "file" / "results")


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    layout.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
