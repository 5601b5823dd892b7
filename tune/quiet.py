"""Keeps what the libraries say about themselves off the user's screen."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna


@contextmanager
def libraries_muted() -> Iterator[None]:
    """Mute warnings and progress of the libraries during the block."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
