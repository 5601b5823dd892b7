import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tune.interrupts import Interrupts, postponed


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count how often Ray Tune is asked to stop; put the handlers back afterwards."""
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {kind: signal.getsignal(kind) for kind in kinds}
    received: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: received.append(number))
    yield received
    for kind, handler in before.items():
        signal.signal(kind, handler)


ENDS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]


@pytest.mark.parametrize(("number", "end"), ENDS)
def test_interrupt_before_the_trials_ends_the_run_at_once(
    number: int, end: type[BaseException], asked: list[int]
) -> None:
    interrupts = Interrupts()
    with pytest.raises(end):
        signal.raise_signal(number)
    assert interrupts.received == number
    assert asked == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_lets_the_trials_finish_their_epochs_and_the_next_one_does_not(
    number: int, asked: list[int]
) -> None:
    interrupts = Interrupts()
    interrupts.end_gracefully()
    signal.raise_signal(number)
    assert (interrupts.received, asked) == (number, [signal.SIGUSR1])
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupt_that_python_dropped_ends_the_run_when_the_trials_begin(
    asked: list[int],
) -> None:
    interrupts = Interrupts()

    class Fork:
        def __del__(self, *_: Any) -> None:  # what is raised here is dropped, as in a fork
            signal.raise_signal(signal.SIGINT)

    Fork()
    interrupts.end_gracefully()
    assert asked == [signal.SIGUSR1]


def test_nothing_is_heard_after_the_end(asked: list[int]) -> None:
    interrupts = Interrupts()
    interrupts.end_gracefully()
    interrupts.stop_listening()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert (interrupts.received, asked) == (None, [])


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(("number", "end"), ENDS)
def test_postponed_interrupt_comes_after_the_block(number: int, end: type[BaseException]) -> None:
    interrupts, done = Interrupts(), []
    with pytest.raises(end), postponed():
        signal.raise_signal(number)
        assert interrupts.received is None
        done.append("block")
    assert (interrupts.received, done) == (number, ["block"])


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_second_interrupt_ends_a_block_that_takes_too_long(first: int) -> None:
    Interrupts()
    done = []
    with pytest.raises(KeyboardInterrupt), postponed():
        signal.raise_signal(first)
        signal.raise_signal(signal.SIGINT)
        done.append("block")
    assert done == []


@pytest.mark.usefixtures("asked")
def test_block_without_an_interrupt_changes_nothing() -> None:
    interrupts = Interrupts()
    with postponed():
        pass
    assert interrupts.received is None
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
