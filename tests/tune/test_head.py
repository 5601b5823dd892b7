"""A driver whose Ray is gone ends by itself, with a word on how to go on."""

import subprocess
import sys
from pathlib import Path

from tune import head

ROOT = Path(__file__).parents[2]
#: Waits as it would inside Ray: deaf to everything but the end of the process.
DRIVER = """
import socket, sys, time
from tune import head
head.PERIOD_S, head.SILENCES = 0.05, 3
listening = socket.create_server(("127.0.0.1", 0))
address = f"127.0.0.1:{listening.getsockname()[1]}"
with head.watched(address, "python -m tune.run edc --resume monday"):
    time.sleep(1.0)
    print("still there", flush=True)
    if sys.argv[1] == "gone":
        listening.close()
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
listening.close()
time.sleep(1.0)
print("to the end")
"""


def drive(what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DRIVER, what]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_driver_ends_when_nobody_answers() -> None:
    done = drive("gone")
    assert (done.returncode, done.stdout) == (2, "still there\n")
    assert done.stderr.startswith("error: Ray must answer at 127.0.0.1:")
    assert done.stderr.endswith("go on with: python -m tune.run edc --resume monday\n")
    assert done.stderr.count("\n") == 1


def test_driver_lives_while_somebody_answers_and_after_the_block() -> None:
    done = drive("stays")
    assert (done.returncode, done.stdout) == (0, "still there\nto the end\n")
    assert done.stderr == ""


def test_driver_is_ended_before_ray_does_it() -> None:
    longest_s = head.SILENCES * 2 * head.PERIOD_S  # of which half in vain attempts
    assert longest_s < 60  # Ray's own gcs_rpc_server_reconnect_timeout_s
