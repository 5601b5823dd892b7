import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.observe import Follower, Run, environment, watch

EVENTS = """
import sys, time
for number in range(5):
    print(time.time(), 5 - number, file=open(sys.argv[1], "a"))
    time.sleep(0.2)
time.sleep(60)
"""


def test_follower_reads_a_journal_once_and_waits_for_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    follower = Follower(path)
    assert list(follower.objectives()) == []
    path.write_text('{"op_code": 4}\n{"op_code": 7, "intermediate_value": 0.5}\n{"op_code": 7, ')
    assert list(follower.objectives()) == [0.5]
    with path.open("a") as file:
        file.write('"intermediate_value": 0.25}\n')
    assert list(follower.objectives()) == [0.25]


def test_follower_reads_the_events_of_a_peer(tmp_path: Path) -> None:
    path = tmp_path / "events.txt"
    path.write_text("1795279131.1 7.5\n1795279131.2 3.25\n")
    assert list(Follower(path).objectives()) == [7.5, 3.25]


def test_run_tells_when_a_target_was_reached_and_what_was_best_by_then() -> None:
    run = Run([(1.0, 5.0), (2.0, 3.0), (3.0, 4.0)])
    assert (run.reached(4.5), run.reached(1.0)) == (2.0, None)
    assert (run.best_after(0.5), run.best_after(1.5), run.best_after(9.0)) == (None, 5.0, 3.0)


def test_command_is_ended_once_enough_was_seen(tmp_path: Path) -> None:
    record = tmp_path / "events.txt"
    command = [sys.executable, "-c", EVENTS, str(record)]
    start = time.monotonic()
    run = watch(
        command,
        record,
        lambda run: run.results[-1][1] <= 3,
        30.0,
        env=dict(os.environ),
        memory_at=(1, 2, 100),
    )
    assert time.monotonic() - start < 20
    assert run.exit_code is None
    assert run.reached(3) is not None
    assert set(run.memory_mb) == {1, 2}
    assert all(1 < memory < 1000 for memory in run.memory_mb.values())


def test_command_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    env = environment("edc")
    run = watch(command, tmp_path / "events.txt", lambda _: False, 0.3, env=env)
    assert run.results == []
    assert 0.3 <= run.wall_s < 10


def test_costless_workload_is_known_only_where_it_is_asked_for() -> None:
    assert "costless" in environment("costless")["PYTHONPATH"]
    assert "costless" not in environment("edc")["PYTHONPATH"]


def test_command_that_fails_gives_no_figures_but_its_own_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such thing')"]
    with pytest.raises(RuntimeError, match="no such thing"):
        watch(command, tmp_path / "events.txt", lambda _: False, 10.0, env=dict(os.environ))
