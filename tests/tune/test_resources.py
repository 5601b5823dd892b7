import pytest

from tune.errors import UserError
from tune.resources import choose

LAPTOP = {"CPU": 2.0, "GPU": 0.0}
SERVER = {"CPU": 16.0, "GPU": 1.0}


def test_without_a_gpu_the_same_command_runs_on_cpu_and_says_so() -> None:
    chosen = choose(None, None, None, LAPTOP)
    assert (chosen.gpus, chosen.slots) == (0.0, 2)
    assert "training on CPU" in chosen.note


def test_explicit_gpu_share_without_a_gpu_is_an_error() -> None:
    with pytest.raises(UserError, match="--gpus-per-trial 0.3 needs a GPU, .* no GPU"):
        choose(None, 0.3, None, LAPTOP)


@pytest.mark.parametrize(("share", "slots"), [(1.0, 1), (0.5, 2), (0.25, 4), (0.3, 3), (0.1, 10)])
def test_never_more_trials_than_shares_of_the_gpu(share: float, slots: int) -> None:
    assert choose(1.0, share, None, SERVER).slots == slots


def test_cores_limit_the_slots_too() -> None:
    assert choose(8.0, 0.25, None, SERVER).slots == 2


def test_fewer_at_a_time_may_be_asked_but_not_more_than_fit() -> None:
    assert choose(None, None, 1, LAPTOP).slots == 1
    assert choose(None, None, 9, LAPTOP).slots == 2


def test_more_cores_than_there_are_is_an_error() -> None:
    with pytest.raises(UserError, match="--cpus-per-trial 4 must be at most 2"):
        choose(4.0, None, None, LAPTOP)
