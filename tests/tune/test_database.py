"""Studies in a real PostgreSQL server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tune.servers import Server
from tests.tune.studies import opened, release, run
from tune.database import Database, pointed
from tune.errors import UserError
from tune.study import Study, read_trials
from tune.workloads import Space

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.usefixtures("password")


def test_study_in_a_database_equals_one_in_a_journal(
    tmp_path: Path, space: Space, server: Server
) -> None:
    count = 13  # beyond the sampler's random start
    kept = run(opened(tmp_path / "same", space, server.url), count)
    assert kept == run(opened(tmp_path / "journal", space, ""), count)
    assert [each.params for each in read_trials(tmp_path / "same/study.journal")] == [
        params for _, params, *_ in kept
    ]


def test_two_sweeps_in_one_database_do_not_see_each_other(
    tmp_path: Path, space: Space, server: Server
) -> None:
    one_sweep = opened(tmp_path / "one", space, server.url)
    other = opened(tmp_path / "other", space, server.url, seed=8)
    run(one_sweep, 4)
    assert [number for number, *_ in run(other, 2)] == [0, 1]
    assert len(one_sweep.trials()) == 4


def test_resumed_study_proposes_what_an_uninterrupted_one_would(
    tmp_path: Path, space: Space, server: Server
) -> None:
    whole = run(opened(tmp_path / "whole", space, server.url), 12)
    run(opened(tmp_path / "cut", space, server.url), 5)
    release()
    assert run(opened(tmp_path / "cut", space, server.url), 7) == whole


def test_second_driver_is_refused_even_from_another_directory(
    tmp_path: Path, space: Space, server: Server
) -> None:
    opened(tmp_path / "shared", space, server.url)
    program = "import sys; from tune.database import *; driven(Database(*sys.argv[1:]))"
    command = [sys.executable, "-c", program, server.url, "toy/shared"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "is being written to by another driver" in done.stderr


def test_new_sweep_must_not_take_the_name_of_one_in_the_database(
    tmp_path: Path, space: Space, server: Server
) -> None:
    opened(tmp_path / "taken", space, server.url)
    with pytest.raises(UserError, match="there must be no study toy/taken yet"):
        Database(server.url, "toy/taken").check_new()
    Database(server.url, "toy/free").check_new()


def test_wrong_password_is_one_line_without_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wr0ng")
    with pytest.raises(UserError, match="password authentication failed") as raised:
        Database(server.url, "toy/any").check_new()
    assert "wr0ng" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_journal_of_its_own_names_no_database(tmp_path: Path, space: Space) -> None:
    assert pointed(tmp_path / "missing") is None
    opened(tmp_path / "own", space, "")
    assert pointed(tmp_path / "own" / "study.journal") is None


@pytest.mark.parametrize("line", ['{"url"', '{"url": "file:///etc"}', '{"url": 1, "study": 2}'])
def test_damaged_name_of_a_database_is_said_and_kept(
    tmp_path: Path, space: Space, line: str
) -> None:
    journal = tmp_path / "study.journal"
    journal.write_text(line)
    with pytest.raises(UserError, match=r"study\.journal must name a study's database"):
        Study(journal, space, 0, {})
    assert journal.read_text() == line
