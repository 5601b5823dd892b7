"""Runs a command and watches from outside when its epochs come and how much memory it takes.

The objective of soundsweep is read from the journal of its study, that of a peer from the lines
that its trials write; both are timed on arrival here, by one clock that starts with the command.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COSTLESS = Path(__file__).parent / "costless"
POLL_S = 0.05
GRACE_S = 20.0  # for a sweep to end after it was asked to
LOG_TAIL = 2000  # characters of its output that are shown of a command that failed


@dataclass
class Run:
    """What was seen of a command.

    Attributes:
        results: Seconds since the start, and objective, of every epoch.
        memory_mb: Resident memory of the driver when so many epochs were seen.
        wall_s: Seconds until it ended, or was ended.
        exit_code: As the command ended; None if it had to be ended.
    """

    results: list[tuple[float, float]] = field(default_factory=list)
    memory_mb: dict[int, float] = field(default_factory=dict)
    wall_s: float = 0.0
    exit_code: int | None = None

    def reached(self, target: float) -> float | None:
        """Return the seconds until an objective was at most ``target``; None if none was."""
        return next((at for at, objective in self.results if objective <= target), None)

    def best_after(self, seconds: float) -> float | None:
        """Return the best objective seen in the first ``seconds``; None if there was none."""
        return min((value for at, value in self.results if at <= seconds), default=None)


def environment(workload: str) -> dict[str, str]:
    """Return the environment in which a contestant finds our code, and the costless workload."""
    paths = [str(ROOT)] + ([str(COSTLESS)] if workload == "costless" else [])
    told = {"PYTHONPATH": os.pathsep.join(paths), "RAY_USAGE_STATS_ENABLED": "0"}
    # Ray gives its workers less than others get, so beside any other work they alone would starve.
    return {**os.environ, **told, "RAY_worker_niceness": "0"}


def watch(
    command: list[str],
    record: Path,
    enough: Callable[[Run], bool],
    limit_s: float,
    *,
    env: dict[str, str],
    memory_at: tuple[int, ...] = (),
) -> Run:
    """Run a command until it ends, enough was seen, or its time is up.

    Args:
        command: What to run.
        record: The file that it appends to, which need not exist yet.
        enough: Whether the run may be ended; asked whenever something was seen.
        limit_s: Seconds after which it is ended.
        env: Environment of the command.
        memory_at: Counts of epochs at which to take the driver's memory.

    Returns:
        What was seen. Both streams of the command go to ``log``, beside what it writes.

    Raises:
        RuntimeError: If the command failed by itself: its figures would mean nothing.
    """
    run, follower = Run(), Follower(record)
    log = log_of(record)
    with log.open("w") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=log.parent,  # Syne Tune leaves a file where it runs
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        while process.poll() is None and time.monotonic() - start < limit_s:
            before = len(run.results)
            run.results += [(time.monotonic() - start, each) for each in follower.objectives()]
            for count in memory_at:
                if before < count <= len(run.results):
                    run.memory_mb[count] = resident_mb(process.pid)
            if len(run.results) > before and enough(run):
                break
            time.sleep(POLL_S)
        run.results += [(time.monotonic() - start, each) for each in follower.objectives()]
        run.wall_s, run.exit_code = time.monotonic() - start, process.poll()
        end(process)
    if run.exit_code:
        told = log.read_text()[-LOG_TAIL:]
        raise RuntimeError(
            f"{' '.join(command)} must succeed, got exit code {run.exit_code}: {told}"
        )
    return run


def log_of(record: Path) -> Path:
    """Return where the streams go: the nearest folder above ``record`` that exists."""
    return next(path for path in record.parents if path.exists()) / "log"


class Follower:
    """Reads the objectives of new epochs from a growing file."""

    def __init__(self, path: Path) -> None:
        """Follow ``path``, which need not exist yet."""
        self.path, self.read = path, 0

    def objectives(self) -> Iterator[float]:
        """Yield the objectives of the epochs that were not yielded before."""
        for line in self._lines():
            objective = _objective(line)
            if objective is not None:
                yield objective

    def _lines(self) -> list[str]:
        """Return the lines that were completed since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.read += len(whole)
        return whole.decode().splitlines()


def _objective(line: str) -> float | None:
    """Read a line of a journal, or of a peer's events; None if it tells no objective."""
    if line.startswith("{"):
        told: dict[str, Any] = json.loads(line)
        return told.get("intermediate_value")
    return float(line.split()[1])


def resident_mb(process: int) -> float:
    """Return the resident memory of a process in MB; Linux only."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def end(process: subprocess.Popen[Any]) -> None:
    """End a command and whatever it started: politely, then for good."""
    for number, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
