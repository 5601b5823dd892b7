"""Studies in a real PostgreSQL server that stops, restarts and loses connections."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from optuna.trial import FrozenTrial

from tests.tune.servers import PASSWORD, Server
from tests.tune.studies import one, opened, run, told
from tune import database
from tune.database import Unreachable
from tune.ends import End, outcome
from tune.errors import UserError
from tune.study import Study, read_trials
from tune.workloads import Space

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.usefixtures("password")
ROOT = Path(__file__).parents[2]


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
        time.sleep(0.5)  # some trials go well first
        server.stop()
        time.sleep(1)  # longer than the first pause between two attempts
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
    begin(study, earlier)
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
    whole = opened(tmp_path / "whole", space, "")
    begin(whole, earlier)
    assert kept == run(whole, 1)


def begin(study: Study, count: int) -> None:
    """End ``count`` trials, and leave one running."""
    run(study, count)
    study.propose()


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
        time.sleep(0.05)  # each look reads the study, which takes the sweep's time
    server.stop()
    time.sleep(4)  # an epoch takes far less, so the driver meets the silence
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
