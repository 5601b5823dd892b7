"""Studies in a real PostgreSQL server, which is started, stopped and restarted here."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from optuna.trial import FrozenTrial

from tests.tune.servers import BINARIES, PASSWORD, Server
from tune import database
from tune.database import Database, Unreachable, driven, point, pointed
from tune.ends import End, outcome
from tune.errors import UserError
from tune.study import Study, read_trials
from tune.workloads import Space

psycopg = pytest.importorskip("psycopg")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if not (BINARIES / "initdb").exists():
        pytest.skip("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory() as directory:
        server = Server(Path(directory))
        server.start()
        yield server
        server.stop()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    yield
    release()


OPENED: list[Database] = []


def release() -> None:
    """Forget the studies that this process drives, as if it had ended."""
    for each in OPENED:
        driven(each).engine.dispose()
    OPENED.clear()
    driven.cache_clear()


def opened(directory: Path, space: Space, url: str, seed: int = 7) -> Study:
    """Open the study of a sweep that is named like its directory."""
    directory.mkdir(exist_ok=True)
    journal = directory / "study.journal"
    if url:
        OPENED.append(Database(url, f"toy/{directory.name}"))
        point(journal, OPENED[-1])
    return Study(journal, space, seed, {})


def run(study: Study, count: int) -> list[tuple[object, ...]]:
    """Propose and end ``count`` trials; return everything that came of them."""
    for _ in range(count):
        one(study)
    return told(study)


def one(study: Study) -> None:
    trial = study.propose()
    for epoch in (1, 2):
        study.report(trial.number, epoch, trial.params["optim/lr"] / epoch)
    kind = "failed" if trial.number == 2 else "complete"
    study.end(trial.number, End(kind, "reached its last epoch", {"epochs": 2}))


def told(study: Study) -> list[tuple[object, ...]]:
    return [
        (each.number, each.params, each.intermediate_values, each.value, outcome(each))
        for each in study.trials()
    ]


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


@pytest.mark.fault
def test_restarted_server_costs_a_pause_and_nothing_else(
    tmp_path: Path, space: Space, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    study = opened(tmp_path / "restarted", space, server.url)
    run(study, 2)
    restart = threading.Thread(target=_restart, args=(server, 2))
    restart.start()
    while restart.is_alive():  # proposals, epochs and ends fall into both restarts
        one(study)
    kept = told(study)
    assert [number for number, *_ in kept] == list(range(len(kept)))
    assert not study.unfinished()
    assert kept == run(opened(tmp_path / "calm", space, ""), len(kept))
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "answers again; the sweep goes on" in said


def _restart(server: Server, times: int) -> None:
    for _ in range(times):
        time.sleep(0.5)
        server.stop()
        time.sleep(1)
        server.start()


@pytest.mark.fault
def test_connection_lost_at_any_moment_changes_nothing(
    tmp_path: Path, space: Space, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PAUSES_S", (0.01,))
    study = opened(tmp_path / "cut-often", space, server.url)
    cut = threading.Thread(target=_cut_connections, args=(server, 60))
    cut.start()
    while cut.is_alive():
        one(study)
    kept = told(study)
    assert kept == run(opened(tmp_path / "uncut", space, ""), len(kept))


@pytest.mark.fault
@pytest.mark.parametrize("earlier", [4, 12])  # within the sampler's random start, and beyond
@pytest.mark.parametrize("written", [1, 2, 3])
def test_proposal_that_was_cut_short_is_completed_as_if_it_never_was(
    tmp_path: Path,
    space: Space,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    earlier: int,
    written: int,
) -> None:
    monkeypatch.setattr(database, "PAUSES_S", (0.01,))
    study = opened(tmp_path / f"short-{earlier}-{written}", space, server.url)
    run(study, earlier)
    storage, left = study.optuna._storage, [written]
    write = storage.set_trial_param

    def cut(*args: Any) -> None:
        write(*args)
        left[0] -= 1
        if left[0] == 0:
            raise Unreachable("cut")

    monkeypatch.setattr(storage, "set_trial_param", cut)
    kept = run(study, 1)
    assert left[0] < 0
    assert kept == run(opened(tmp_path / "whole", space, ""), earlier + 1)


def _cut_connections(server: Server, times: int) -> None:
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> "
    query += "pg_backend_pid() AND backend_type = 'client backend'"
    with psycopg.connect(server.url) as connection:
        for number in range(times):
            connection.execute(query)
            time.sleep(0.03 + 0.007 * (number % 9))  # at ever another step of a trial


@pytest.mark.fault
def test_server_that_stays_away_ends_the_wait_with_the_reason(
    tmp_path: Path, space: Space, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE_S", 1.0)
    study = opened(tmp_path / "away", space, server.url)
    server.stop()
    try:
        with pytest.raises(Unreachable, match=r"failed for \d+ s: .*(refused|terminat)"):
            study.propose()
    finally:
        server.start()
    assert study.propose().number == 0


def test_answer_that_never_came_makes_no_second_proposal(
    tmp_path: Path, space: Space, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = opened(tmp_path / "lost", space, server.url)
    ask, asked = study.optuna.ask, []

    def lost() -> None:
        asked.append(ask())
        monkeypatch.undo()
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        raise Unreachable("the answer is lost")

    monkeypatch.setattr(study.optuna, "ask", lost)
    assert study.propose().number == asked[0].number == 0
    assert len(study.trials()) == 1


def test_end_that_was_told_is_not_told_again(tmp_path: Path, space: Space, server: Server) -> None:
    study = opened(tmp_path / "twice", space, server.url)
    number = study.propose().number
    for _ in range(2):
        study.end(number, End("pruned", "stopped by ASHA at epoch 1", {"epochs": 0}))
    assert [each[-1] for each in told(study)] == ["pruned"]


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


@pytest.mark.fault
@pytest.mark.ray
def test_real_sweep_outlives_a_restart_of_its_database_and_keeps_no_password(
    tmp_path: Path, server: Server
) -> None:
    login = f"postgres:{quote(PASSWORD, safe='')}@"
    arguments = ["edc", "--study", server.url.replace("postgres@", login), "--name", "kept"]
    arguments += ["--set", "data/size=tiny", "--trials", "2", "--epochs", "2", "--concurrent", "1"]
    journal = tmp_path / "edc" / "kept" / "study.journal"
    process = subprocess.Popen(
        [sys.executable, "-m", "tune.run", *arguments, "--results", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PGPASSWORD"},
    )
    while not (journal.exists() and any(each.intermediate_values for each in _seen(journal))):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    server.stop()
    time.sleep(4)
    server.start()
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert "answers again; the sweep goes on" in output
    assert [outcome(trial) for trial in read_trials(journal)] == ["complete"] * 2
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in output
        assert not any(secret.encode() in content for content in files)


def _seen(journal: Path) -> list[FrozenTrial]:
    with suppress(UserError):  # the study is named before it is made
        return read_trials(journal)
    return []
