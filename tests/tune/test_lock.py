import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tune.errors import UserError
from tune.lock import driver_lock

HOLD = "import sys, time, pathlib; from tune.lock import driver_lock\n"
HOLD += "with driver_lock(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_second_driver_is_told_who_holds_the_sweep(tmp_path: Path) -> None:
    with driver_lock(tmp_path), pytest.raises(UserError) as raised, driver_lock(tmp_path):
        pass
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(raised.value)


def test_lock_of_a_killed_driver_is_taken_over(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"process {holder.pid}"), driver_lock(tmp_path):
            pass
        holder.kill()
    with driver_lock(tmp_path):
        pass


def test_lock_is_free_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with driver_lock(tmp_path):
            pass
