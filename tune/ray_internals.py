"""What is replaced inside Ray, where it has no setting; to be looked through with every new Ray.

Each function imports what it changes, since Ray reads its environment when it is imported, and
Ray Tune takes long to import. Ray's words for what became of a trial are in ``tune/searcher.py``.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Processes that Ray starts without being asked: one machine needs no autoscaler, and nobody reads
#: what the log monitor would pass on.
NEEDLESS = {"no_monitor": True, "include_log_monitor": False}


def keep_signals() -> None:
    """Keep Ray from ending the driver wherever SIGTERM comes; see ``interrupts.postponed``."""
    from ray._private import utils

    utils.set_sigterm_handler = lambda handler: None


@contextmanager
def start_less(*, dashboard: bool) -> Iterator[None]:
    """Let a private Ray, begun in the block, start only the processes that a sweep needs."""
    from ray._private import node, parameter, utils

    params = functools.partial(parameter.RayParams, **NEEDLESS)
    changes: list[tuple[Any, str, Any]] = [(parameter, "RayParams", params)]
    if not dashboard:  # Ray would start its server all the same, and its agent in full
        missing = ImportError("no dashboard was asked for")
        changes += [(node.Node, "start_api_server", lambda self, **_: None)]
        changes += [(utils, "get_dashboard_dependency_error", lambda: missing)]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    try:
        _replace(changes)
        yield
    finally:
        _replace(before)


def _replace(changes: list[tuple[Any, str, Any]]) -> None:
    for owner, name, value in changes:
        setattr(owner, name, value)


def run_leaner(scratch: str) -> None:
    """Let Ray Tune work in ``scratch``, use the processes that are ready, and ask less."""
    from ray.experimental import internal_kv
    from ray.train._internal import storage
    from ray.tune import registry
    from ray.tune.execution import class_cache

    # Ray Tune asks Ray's node for a place, and a driver outside the cluster has no node.
    storage._get_ray_train_session_dir = lambda: scratch
    # A variable meant for Lightning would keep trials out of the processes that Ray has ready.
    class_cache.DEFAULT_ENV_VARS = {}
    # It asks Ray's server for the Trainable four times a trial, which never changes.
    registry._internal_kv_get = functools.cache(internal_kv._internal_kv_get)
