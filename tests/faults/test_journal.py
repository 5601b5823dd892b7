"""The journal, cut and damaged; ``tests/tune/test_study.py`` cuts it while a proposal is made."""

import shutil
from pathlib import Path

import pytest

from tests.faults.driver import invent, opened, told
from tune.errors import UserError
from tune.study import read_trials
from tune.workloads import Space

LAST = 1024
pytestmark = pytest.mark.fault


def check_cut(tmp_path: Path, space: Space, step: int) -> None:
    """Cut the journal of a finished sweep anywhere in its last kilobyte, and run it to its end."""
    whole = tmp_path / "whole"
    invent(opened(whole, space))
    journal = (whole / "study.journal").read_bytes()
    expected = [told(trial) for trial in read_trials(whole / "study.journal")]
    for length in range(len(journal) - LAST, len(journal), step):
        cut = tmp_path / "cut"
        shutil.rmtree(cut, ignore_errors=True)
        shutil.copytree(whole, cut)
        (cut / "study.journal").write_bytes(journal[:length])
        invent(opened(cut, space))
        assert [told(each) for each in read_trials(cut / "study.journal")] == expected, length


def test_sweep_whose_journal_was_cut_ends_as_if_it_had_not_been(
    tmp_path: Path, space: Space
) -> None:
    check_cut(tmp_path, space, step=101)


@pytest.mark.slow
def test_sweep_whose_journal_was_cut_at_any_byte_ends_as_if_it_had_not_been(
    tmp_path: Path, space: Space
) -> None:
    check_cut(tmp_path, space, step=1)


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\0\n", b"[" * 100_000 + b"\n", b"\xff\xfe\n"])
def test_what_a_power_failure_leaves_at_the_end_is_cut_off(
    tmp_path: Path, space: Space, tail: bytes
) -> None:
    invent(opened(tmp_path, space, trials=2))
    journal = tmp_path / "study.journal"
    before = [told(trial) for trial in read_trials(journal)]
    journal.write_bytes(journal.read_bytes() + tail)
    assert [told(trial) for trial in opened(tmp_path, space, trials=2).ended] == before


@pytest.mark.parametrize("line", [b"{half\n", b"[]\n", b"\xff\n", b'{"op_code": 5}\n', b"null\n"])
def test_journal_that_is_damaged_in_the_middle_is_named(
    tmp_path: Path, space: Space, line: bytes
) -> None:
    invent(opened(tmp_path, space, trials=2))
    journal = tmp_path / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:5], line, *lines[5:]]))
    for read in (lambda: read_trials(journal), lambda: opened(tmp_path, space, trials=2)):
        with pytest.raises(UserError, match=r"study\.journal must be a journal .* is damaged"):
            read()


def test_lines_lost_with_their_rows_come_again(tmp_path: Path, space: Space) -> None:
    """The disk lost the journal's end and the tables alike: both are made again."""
    invent(opened(tmp_path / "whole", space))
    shutil.copytree(tmp_path / "whole", tmp_path / "lost")
    journal = tmp_path / "lost" / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    for table in ("trials.csv", "best.csv", "best.json", "trials/00005/metrics.csv"):
        (tmp_path / "lost" / table).unlink(missing_ok=True)
    sweep = opened(tmp_path / "lost", space)
    invent(sweep)
    sweep.write_tables()
    whole = opened(tmp_path / "whole", space)
    whole.write_tables()
    for table in ("trials.csv", "best.csv", "best.json", "trials/00005/metrics.csv"):
        assert (tmp_path / "lost" / table).read_text() == (tmp_path / "whole" / table).read_text()
