"""A Ray cluster of two machines, as far as Ray can tell, whose Python does not have this project.

Each node has an address, a folder of Ray's and a cache of its own. Its Python is an environment
with the packages of this one; the project itself can reach it through Ray alone.
"""

import os
import secrets
import socket
import subprocess
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from tune.cluster import ENVIRONMENT, LOOPBACK

ROOT = Path(__file__).parents[2]
TRIAL = "ray::TrialTrainable"
PATIENCE_S = 180.0
OPTIONS = ["--block", "--num-cpus=1", "--num-gpus=0", "--object-store-memory=100000000"]
OPTIONS += ["--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats"]  # 0: any free
HIDING = 'mount -t tmpfs none "$0" && exec "$@"'  # run in a name space of its own

Found = TypeVar("Found")


@dataclass(frozen=True)
class Node:
    """One machine.

    Attributes:
        process: Of ``ray start``; the others descend from it.
        cache: Its ``$SOUNDSWEEP_CACHE``.
    """

    process: "subprocess.Popen[bytes]"
    cache: Path

    def trials(self) -> dict[int, str]:
        """Return the trials that train here, and from where the process of each imports.

        Ray names the folder that a trial runs in after its number.
        """
        found = {}
        for each in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if each.cmdline()[0].startswith(TRIAL) and Path(each.cwd()).name.isdecimal():
                    found[int(Path(each.cwd()).name)] = each.environ()["PYTHONPATH"]
            except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
                continue
        return found

    def kill(self) -> None:
        """End it as a power cut does."""
        if self.process.poll() is None:
            main = psutil.Process(self.process.pid)
            for each in (main, *main.children(recursive=True)):
                each.kill()
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """Two nodes of one core each.

    Attributes:
        address: Of the head.
        outside: Where Ray's client calls.
        token: Without it, nobody gets in.
        head: The node that leads.
        second: The other one.
    """

    address: str
    outside: str
    token: str
    head: Node
    second: Node


def until(look: Callable[[], Found]) -> Found:
    """Return what ``look`` finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"nothing after {PATIENCE_S:g} s")


@contextmanager
def cluster(folder: Path, hidden: Path | None = None) -> Iterator[Cluster]:
    """Start a cluster; end it after the block.

    Args:
        folder: Of its files; all of Ray's lie elsewhere, since a socket's path must be short.
        hidden: A directory that is empty on the second node.

    Yields:
        The cluster.
    """
    python, token = bare_python(folder / "environment"), secrets.token_hex(32)
    address, outside = (f"127.0.0.2:{free_port()}" for _ in range(2))
    ports = [f"--port={address[10:]}", f"--ray-client-server-port={outside[10:]}"]
    nodes: list[Node] = []

    def start(name: str, *options: str, before: tuple[str, ...] = ()) -> Node:
        command = [*before, str(python), "-m", "ray.scripts.scripts", "start", *OPTIONS, *options]
        nodes.append(_begun(command, folder / name, token))
        return nodes[-1]

    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as own:
        try:
            first = [f"--temp-dir={own}/1", "--node-ip-address=127.0.0.2", *ports]
            head = start("head", "--head", "--include-dashboard=false", *first)
            more = [f"--temp-dir={own}/2", "--node-ip-address=127.0.0.3", f"--address={address}"]
            hide = ("unshare", "--mount", "sh", "-c", HIDING, str(hidden)) if hidden else ()
            second = start("second", *more, before=hide)
            yield Cluster(address, outside, token, head, second)
        finally:
            for node in nodes:
                node.kill()


def _begun(command: list[str], folder: Path, token: str) -> Node:
    """Start a node in a folder of its own, and wait until it says that it runs."""
    folder.mkdir(parents=True)
    environment = clean_environment() | ENVIRONMENT | {"SOUNDSWEEP_CACHE": str(folder / "cache")}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    node = Node(process, folder / "cache")
    try:
        until(lambda: "Ray runtime started" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
    except BaseException:
        node.kill()
        raise
    return node


def bare_python(folder: Path) -> Path:
    """Make an environment with the packages of this one, but without this project.

    An editable project is found by a ``.pth`` file alone, and Python does not read those of a
    directory to which a ``.pth`` file has led it.
    """
    if not folder.exists():
        venv.create(folder, symlinks=True)
        place = {"base": str(folder), "platbase": str(folder)}
        packages = Path(sysconfig.get_path("purelib", vars=place)) / "packages.pth"
        packages.write_text(sysconfig.get_path("purelib") + "\n")
    python = folder / "bin" / "python"
    asked = "import importlib.util, ray; print(importlib.util.find_spec('tune'))"
    found = subprocess.check_output(
        [python, "-c", asked], cwd=folder, env=clean_environment(), text=True
    )
    assert found == "None\n"
    return python


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what leads to the project or keeps Ray at home."""
    unwanted = ("PYTHONPATH", *LOOPBACK)  # earlier tests in this process may have set the latter
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.2", 0))
        port: int = free.getsockname()[1]
    return port
