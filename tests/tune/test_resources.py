import pytest

from tune.errors import UserError
from tune.resources import AUTO, choose, share
from tune.sharing import Sharing

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


def test_auto_is_what_was_measured() -> None:
    measured = Sharing(count=3, threads=2, epoch_s=1.0)
    chosen = choose(AUTO, AUTO, None, SERVER, measured)
    assert (chosen.cpus, chosen.gpus, chosen.slots) == (2, 0.3333, 3)


def test_memory_limits_what_the_cores_would_allow() -> None:
    chosen = choose(AUTO, None, None, {"CPU": 16.0, "GPU": 0.0}, Sharing(3, 1, 1.0))
    assert (chosen.cpus, chosen.gpus, chosen.slots) == (1, 0.0, 3)


def test_every_gpu_takes_as_many_trials_as_the_measured_one() -> None:
    four = {"CPU": 16.0, "GPU": 4.0}
    assert choose(AUTO, AUTO, None, four, Sharing(2, 1, 1.0)).slots == 8


def test_number_beside_auto_is_kept() -> None:
    chosen = choose(4.0, AUTO, None, SERVER, Sharing(3, 1, 1.0))
    assert (chosen.cpus, chosen.slots) == (4.0, 3)


def test_auto_that_was_not_measured_is_the_default() -> None:
    assert choose(AUTO, AUTO, None, SERVER) == choose(None, None, None, SERVER)


def test_share_is_a_number_or_automatic() -> None:
    assert (share("0.5"), share("auto")) == (0.5, AUTO)
