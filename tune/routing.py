"""A configuration's keys route themselves: ``<group>/<argument>`` reaches one function."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

GROUPS = ("model", "forward", "loss", "augment", "data", "optim", "schedule", "train")


def route(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Split a flat configuration into the keyword arguments of each group.

    Args:
        config: Values by ``<group>/<argument>``.

    Returns:
        Keyword arguments by group; every group is present.

    Raises:
        ValueError: If a key has no group, or an unknown one.
    """
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for key, value in config.items():
        group, _, argument = key.partition("/")
        if group not in groups or not argument:
            known = ", ".join(GROUPS)
            raise ValueError(
                f"a parameter must be <group>/<name>, group one of {known}, got {key}"
            )
        groups[group][argument] = value
    return groups


def named(function: Callable[..., Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the facts that ``function`` names as a keyword."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in facts.items() if name in parameters}
