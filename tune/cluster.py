"""Connection to Ray: a private one on this machine, or an existing cluster."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tune.errors import UserError

#: Ray's own records of an experiment stay unwritten, since the sweep keeps its own.
ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}
PACKAGES = ("tune", "models", "datasets", "search_spaces")


def prepare() -> None:
    """Set what Ray reads from the environment; must come before its first import."""
    os.environ.update(ENVIRONMENT)


@contextmanager
def connected(address: str | None, have: dict[str, float], *, dashboard: bool) -> Iterator[Any]:
    """Start Ray on loopback, or join a cluster; disconnect at the end of the block.

    Args:
        address: ``auto``, ``ray://host:port`` or None for a private Ray.
        have: Cores and GPUs that the private Ray may use.
        dashboard: Whether to start Ray's dashboard on 127.0.0.1.

    Yields:
        Ray's context, with the dashboard's address.

    Raises:
        UserError: If there is no cluster at ``address``.
    """
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {"num_cpus": int(have["CPU"]), "num_gpus": int(have["GPU"])}
        options |= {"include_dashboard": dashboard, "dashboard_host": "127.0.0.1"}
        options |= {"_node_ip_address": "127.0.0.1"}
        options |= {"runtime_env": {"env_vars": {"PYTHONPATH": _import_path()}}}
    else:
        options |= {"address": address, "runtime_env": {"py_modules": _modules()}}
    try:
        context = ray.init(**options)
    except ConnectionError as error:
        raise UserError(f"there must be a Ray cluster at {address}, got: {error}") from error
    try:
        yield context
    finally:
        ray.shutdown()


def _import_path() -> str:
    """Let trial processes import what this process imports."""
    root = str(Path(__file__).parents[1])
    return os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))


def _modules() -> list[str]:
    return [str(Path(__file__).parents[1] / package) for package in PACKAGES]
