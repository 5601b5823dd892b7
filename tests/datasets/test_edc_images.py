"""The image-source decay curve against its check values and against physics."""

import numpy as np
import pytest

from datasets.edc_images import AIR_PER_M, BAND_WEIGHTS, Floats, Room, decay_curves, images

A = Room(np.array([3.13, 4.37, 2.71]), np.array([1.03, 1.91, 1.27]), np.array([2.11, 3.07, 1.63]))
B = Room(np.array([4.0, 5.0, 3.0]), np.array([1.0, 1.0, 1.5]), np.array([2.6, 3.2, 1.5]))
C = Room(np.array([3.0, 3.0, 3.0]), np.array([1.4, 2.0, 1.5]), np.array([1.0, 1.0, 1.5]))
CHECKS = [
    (
        A,
        [0.3] * 7,
        (4558, 4546),
        [-1.0759, -2.0092, -4.5869, -12.2244, -24.1304, -44.9950, -93.6080],
    ),
    (
        B,
        [0.19, 0.34, 0.55, 0.62, 0.62, 0.64, 0.64],
        (2810, 1085),
        [0, -1.5324, -8.2444, -18.1845, -25.0653, -36.0898, -63.8976],
    ),
    (
        C,
        [0.09, 0.05, 0.04, 0.04, 0.03, 0.02, 0.02],
        (6270, 1591),
        [-0.1810, -0.3845, -1.2983, -2.5125, -4.3611, -7.8530, -16.9397],
    ),
]


def t20_s(curve: Floats, rate_hz: int = 1000) -> float:
    """Three times the time between -5 and -25 dB."""
    level_db = 10 * np.log10(curve)
    passed = [int(np.argmax(level_db <= limit)) for limit in (-5, -25)]
    return 3 * (passed[1] - passed[0]) / rate_hz


@pytest.mark.parametrize(("room", "alpha", "counts", "level_db"), CHECKS, ids="ABC")
def test_curve_and_image_counts_equal_the_check_values(
    room: Room, alpha: list[float], counts: tuple[int, int], level_db: list[float]
) -> None:
    heard = images(room)
    assert (len(heard.group), len(np.unique(heard.group))) == counts
    curve = decay_curves(room, np.array([alpha]), 1000, 2000)[0]
    measured_db = 10 * np.log10(curve[[5, 10, 20, 50, 100, 200, 500]])
    np.testing.assert_allclose(measured_db, level_db, atol=0.002)


def test_band_weights_are_shares_of_a_white_signal() -> None:
    published = [0.007366, 0.007366, 0.014731, 0.029463, 0.058926, 0.117851, 0.764298]
    np.testing.assert_allclose(BAND_WEIGHTS, published, atol=1e-6)


def test_early_energy_equals_a_plain_sum_over_images_and_groups() -> None:
    alpha = np.array(CHECKS[1][1])
    heard = images(B)
    distance_m = heard.distance_m[:, None]
    energy = (1 - alpha) ** heard.reflections[:, None] * np.exp(-AIR_PER_M * distance_m)
    energy /= (4 * np.pi * distance_m) ** 2
    arriving = {}
    for group in np.unique(heard.group):
        inside = heard.group == group
        low = inside & (heard.reflections <= 3)
        coherent = np.sqrt(energy[low]).sum(axis=0) ** 2
        total = coherent + energy[inside & ~low].sum(axis=0)
        arriving[heard.distance_m[inside][0] / 343] = float(BAND_WEIGHTS @ total)
    between = sum(e for time_s, e in arriving.items() if 0.02 <= time_s < 0.05)
    before = sum(e for time_s, e in arriving.items() if time_s < 0.02)
    curve = decay_curves(B, alpha[None], 100, 200)[0]
    assert (curve[2] - curve[5]) / (1 - curve[2]) == pytest.approx(between / before, rel=1e-9)


def test_curve_is_flat_until_the_direct_sound_arrives_and_never_rises() -> None:
    curve = decay_curves(B, np.full((1, 7), 0.2), 10_000, 20_000)[0]
    arrival = int(B.distance_m / 343 * 10_000)
    assert (curve[: arrival + 1] == 1).all()
    assert curve[arrival + 1] < 1
    assert (np.diff(curve) <= 0).all()


def test_a_thinner_curve_holds_points_of_the_finer_one() -> None:
    alpha = np.array([[0.2] * 7, [0.4] * 7])
    fine, thin = decay_curves(A, alpha, 1000, 2000), decay_curves(A, alpha, 250, 500)
    np.testing.assert_allclose(fine[:, ::4], thin, rtol=1e-12)


def test_curves_of_several_materials_equal_those_of_each_alone() -> None:
    alpha = np.array([[0.1] * 7, [0.3] * 7, [0.6] * 7])
    together = decay_curves(C, alpha, 250, 500)
    alone = np.vstack([decay_curves(C, row[None], 250, 500) for row in alpha])
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_half_the_absorption_lengthens_the_decay() -> None:
    alpha = np.array([CHECKS[1][1]])
    live, dead = decay_curves(B, np.vstack((alpha / 2, alpha)), 1000, 2000)
    assert t20_s(live) > t20_s(dead)


def test_air_without_loss_lengthens_the_decay() -> None:
    alpha = np.full((1, 7), 0.05)
    dry = decay_curves(B, alpha, 1000, 2000, air_per_m=np.zeros(7))[0]
    assert t20_s(dry) > t20_s(decay_curves(B, alpha, 1000, 2000)[0])


def test_a_larger_box_of_the_same_walls_lengthens_the_decay() -> None:
    alpha = np.full((1, 7), 0.2)
    large = Room(B.box * 1.4, B.source, B.receiver)
    assert t20_s(decay_curves(large, alpha, 1000, 2000)[0]) > t20_s(
        decay_curves(B, alpha, 1000, 2000)[0]
    )


def test_swapping_source_and_receiver_changes_nothing() -> None:
    alpha = np.full((1, 7), 0.2)
    swapped = Room(A.box, A.receiver, A.source)
    np.testing.assert_allclose(
        decay_curves(swapped, alpha, 250, 500), decay_curves(A, alpha, 250, 500), rtol=1e-9
    )


def test_a_dead_room_gives_finite_levels_without_a_warning() -> None:
    curve = decay_curves(A, np.full((1, 7), 0.999), 250, 500)
    assert np.isfinite(curve).all()
    assert curve[0, 0] == 1


def test_a_curve_of_more_than_two_seconds_is_refused() -> None:
    with pytest.raises(ValueError, match="end within 2 s, got 2.5"):
        decay_curves(A, np.full((1, 7), 0.2), 2, 6)
