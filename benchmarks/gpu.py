"""Fractions of a GPU: time a trial, how long the GPU idles, and the memory of each process.

Needs an NVIDIA GPU, the first of which ``nvidia-smi`` is asked about every
second; without one, says so.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.contestants import OURS, Contestant, Sweep
from benchmarks.observe import environment, watch
from benchmarks.report import Figure

PART = "gpu"
#: What is asked: percent of the last second at work, and MiB of every process.
QUERIES = {"busy": "--query-gpu=utilization.gpu", "memory": "--query-compute-apps=used_memory"}


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = report.parser(__doc__)
    parser.add_argument("--workloads", nargs="+", default=["edc", "emotion"])
    parser.add_argument("--shares", nargs="+", type=float, default=[1.0, 0.5, 0.25, 0.125])
    parser.add_argument("--trials", type=int, default=24, help="of a sweep")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds of one sweep")
    return parser


@dataclass(frozen=True)
class Seen:
    """What ``nvidia-smi`` told during a sweep: a number a second, or a second and process."""

    busy: Sequence[float]
    memory: Sequence[float]

    @property
    def idle_percent(self) -> float | None:
        """Share of the time between the first and the last second at work; None without any."""
        at_work = [second for second, share in enumerate(self.busy) if share > 0]
        if not at_work:
            return None
        return 100 - statistics.mean(self.busy[at_work[0] : at_work[-1] + 1])

    @property
    def process_mb(self) -> float | None:
        """The most that a process held; None if none was seen."""
        return max(self.memory, default=None)


@contextmanager
def asked(directory: Path) -> Iterator[None]:
    """Ask ``nvidia-smi`` every second during the block; the answers go into ``directory``."""
    asking = []
    for name, query in QUERIES.items():
        command = ["nvidia-smi", query, "--id=0", "--format=csv,noheader,nounits", "--loop=1"]
        with (directory / name).open("w") as answers:
            asking.append(subprocess.Popen(command, stdout=answers))
    try:
        yield
    finally:
        for process in asking:
            process.terminate()
            process.wait()


def answered(directory: Path) -> Seen:
    """Read what ``asked`` left; what is no number (``[N/A]``) is left out."""
    texts = {name: (directory / name).read_text().split() for name in QUERIES}
    return Seen(
        **{name: [float(x) for x in text if _is_number(x)] for name, text in texts.items()}
    )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def card() -> str:
    """Return the name of the GPU."""
    command = ["nvidia-smi", "--query-gpu=name", "--id=0", "--format=csv,noheader"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def figures(workload: str, share: float, options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of a sweep whose trials have ``share`` of the GPU each."""
    slots = round(1 / share)
    sweep = Sweep(workload, options.trials, options.epochs, 0, slots)
    ours = Contestant(OURS)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        directory = Path(scratch)
        command = [*ours.command(sweep, directory), "--gpus-per-trial", str(share)]
        record = ours.record(sweep, directory)
        with asked(directory):
            env = environment(workload) | {"CUDA_VISIBLE_DEVICES": "0"}
            run = watch(command, record, lambda _: False, options.limit, env=env)
        seen = answered(directory)
    finished = run.exit_code == 0
    case = f"{workload}, {slots} side by side on {card()}"
    each_s = run.wall_s / options.trials if finished else None
    yield Figure(PART, f"{case}, time a trial", OURS, "s", [each_s])
    yield Figure(PART, f"{case}, GPU idle", OURS, "%", [seen.idle_percent])
    yield Figure(PART, f"{case}, GPU memory of a process", OURS, "MiB", [seen.process_mb])


def main() -> None:
    """Measure every workload with every share, if there is a GPU."""
    options = parser().parse_args()
    if shutil.which("nvidia-smi") is None:
        print(f"{PART}: there is no GPU here (no nvidia-smi), so nothing was measured")
        return
    for workload in options.workloads:
        for share in options.shares:
            report.add(options.output, figures(workload, share, options))
    report.show(options.output, PART)


if __name__ == "__main__":
    main()
