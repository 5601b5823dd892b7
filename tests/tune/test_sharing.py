import pytest

from tune.sharing import (
    Sharing,
    Verdict,
    fastest,
    fitting,
    on_card,
    on_cores,
    sweep_s,
    verdict,
)

MIB = 1024**2
TRIAL = 20_000 * MIB / 3  # with a fifth to spare these are the published 8,000 MiB of a trial


@pytest.mark.parametrize(
    ("free_mib", "expected"),
    [
        (140_000, Verdict.SEVERAL),
        (24_001, Verdict.SEVERAL),
        (23_999, Verdict.TIGHT),
        (20_001, Verdict.TIGHT),
        (19_999, Verdict.ONE_AT_A_TIME),
        (0, Verdict.ONE_AT_A_TIME),
    ],
)
def test_verdict_is_the_published_one_for_the_published_trial(
    free_mib: int, expected: Verdict
) -> None:
    assert verdict(free_mib * MIB, TRIAL) == expected


def test_verdict_scales_with_the_measured_trial() -> None:
    assert verdict(24_001 * MIB, TRIAL / 2) == Verdict.SEVERAL
    assert verdict(24_001 * MIB, TRIAL * 2) == Verdict.ONE_AT_A_TIME


@pytest.mark.parametrize(("free", "count"), [(12.0, 10), (11.9, 9), (2.5, 2), (1.0, 1), (0.1, 1)])
def test_trials_fit_with_a_fifth_to_spare(free: float, count: int) -> None:
    assert fitting(free, 1.0) == count


@pytest.mark.parametrize(
    ("cores", "most", "shapes"),
    [
        (1, 9, [(1, 1)]),
        (2, 9, [(2, 1), (1, 2)]),
        (6, 9, [(6, 1), (3, 2), (1, 4), (1, 6)]),
        (8, 3, [(3, 1), (3, 2), (2, 4), (1, 8)]),
        (2, 1, [(1, 1), (1, 2)]),
    ],
)
def test_cores_are_shared_in_every_width_as_far_as_memory_goes(
    cores: int, most: int, shapes: list[tuple[int, int]]
) -> None:
    assert on_cores(cores, most) == shapes


@pytest.mark.parametrize(
    ("most", "counts"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (8, [1, 2, 4, 8])]
)
def test_card_is_tried_with_twice_as_many_each_time(most: int, counts: list[int]) -> None:
    assert on_card(most) == counts


def test_speed_together_decides_not_the_number_of_trials() -> None:
    alone, two, four = Sharing(1, 1, 1.0), Sharing(2, 1, 1.5), Sharing(4, 1, 4.0)
    assert fastest([alone, two, four]) == two


def test_of_equally_fast_ones_fewer_trials_are_chosen() -> None:
    assert fastest([Sharing(4, 1, 4.0), Sharing(1, 4, 1.0)]).count == 1


@pytest.mark.parametrize("count", range(1, 12))
def test_shares_of_a_gpu_never_exceed_it(count: int) -> None:
    share = Sharing(count, 1, 1.0).gpu_share
    assert 0.99 < share * count <= 1


def test_cost_lies_between_all_stopped_at_once_and_none() -> None:
    least_s, most_s = sweep_s(Sharing(2, 1, 4.0), trials=11, epochs=(2, 40))
    assert least_s == (10 * 2 + 40) * 2  # the baseline is never stopped
    assert most_s == 11 * 40 * 2


def test_sweep_shorter_than_the_grace_cannot_be_stopped() -> None:
    assert sweep_s(Sharing(1, 1, 1.0), trials=3, epochs=(8, 1))[0] == 2 * 1 + 8
