"""Connection to Ray: a private one on this machine, or an existing cluster."""

import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tune import ray_internals
from tune.errors import UserError
from tune.interrupts import postponed

#: Ray's own records of an experiment stay unwritten, since the sweep keeps its own.
ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    "TUNE_MAX_PENDING_TRIALS_PG": "1000000",  # let the processes of all slots start at once
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # with tracebacks; the record tells what became of it
}
#: Without it, Ray takes 127.0.0.1 for this machine's outer address and listens on all of them.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
TOKEN = Path.home() / ".ray" / "auth_token"  # where `ray get-auth-token` keeps it
OUTSIDE = "ray://"  # begins the address of a cluster that this machine is no part of
#: What Ray's ready processes import while they wait for a trial.
PRELOADED = {"RAY_preload_python_modules": "tune.trainable"}
PACKAGES = ("tune", "models", "datasets", "search_spaces")


def prepare(address: str | None = None) -> None:
    """Set what Ray reads from the environment; must come before its first import.

    A private Ray listens on loopback only, and asks for a token besides; to join a cluster that
    does, the user's token has to be shown.

    Args:
        address: Of the cluster that is going to be joined, if any.
    """
    os.environ.update(ENVIRONMENT)
    if not address:
        os.environ.update(LOOPBACK, RAY_AUTH_MODE="token")
    elif TOKEN.exists() or "RAY_AUTH_TOKEN" in os.environ:
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def check_reachable(address: str) -> None:
    """Check that somebody listens at a cluster's address: Ray itself would wait for minutes.

    Args:
        address: ``auto``, ``host:port`` or ``ray://host:port``.

    Raises:
        UserError: If nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdecimal():
        raise UserError(f"--address must be auto, host:port or ray://host:port, got {address}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        message = f"there must be a Ray cluster at {address}, got: {error.strerror or error}"
        raise UserError(message) from error


@contextmanager
def connected(
    address: str | None, have: dict[str, float], *, dashboard: bool, slots: int | None = None
) -> Iterator[Any]:
    """Start Ray on loopback, or join a cluster; disconnect at the end of the block.

    Args:
        address: ``auto``, ``ray://host:port`` or None for a private Ray.
        have: Cores and GPUs that the private Ray may use.
        dashboard: Whether to start Ray's dashboard on 127.0.0.1.
        slots: How many trials are to run side by side in the private Ray, if that is known.

    Yields:
        Ray's context, with the dashboard's address.

    Raises:
        UserError: If there is no cluster at ``address``.
    """
    import ray

    ray_internals.keep_signals()
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {"address": "local"}  # else it would join whatever cluster it finds here
        options |= {"num_cpus": int(have["CPU"]), "num_gpus": int(have["GPU"])}
        options |= {"include_dashboard": dashboard, "dashboard_host": "127.0.0.1"}
        options |= {"_node_ip_address": "127.0.0.1"}
        # Inherited by trial processes. In Ray's runtime_env it would cost them the start of a
        # second process each, since Ray's ready ones lack it.
        os.environ["PYTHONPATH"] = _import_path()
        if slots == int(have["CPU"]):  # of so many processes that Ray has ready, all get a trial
            os.environ.update(PRELOADED)
    else:
        options |= {"address": address, "runtime_env": {"py_modules": _modules()}}
    try:
        less = ray_internals.start_less(dashboard=dashboard)
        with postponed(), less, ThreadPoolExecutor(1) as meanwhile:
            # takes as long as Ray's processes take to start
            meanwhile.submit(import_module, "ray.tune")
            context = ray.init(**options)
    except ConnectionError as error:
        raise UserError(f"there must be a Ray cluster at {address}, got: {error}") from error
    try:
        yield context
    finally:
        ray.shutdown()


def door(address: str | None, context: Any) -> str:
    """Return where Ray answers as long as the head is there, as ``host:port``.

    Args:
        address: As of ``connected``.
        context: What ``connected`` yielded.

    Returns:
        The head's address, or for a driver outside the cluster that of its door.
    """
    if address and address.startswith(OUTSIDE):
        return address.removeprefix(OUTSIDE)
    return str(context.address_info["gcs_address"])


def _import_path() -> str:
    """Let trial processes import what this process imports."""
    root = str(Path(__file__).parents[1])
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys(filter(None, (root, *given))))


def _modules() -> list[str]:
    return [str(Path(__file__).parents[1] / package) for package in PACKAGES]
