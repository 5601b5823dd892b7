"""Room-acoustic parameters of decay curves."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.edc_images import Room, decay_curves
from models import decay


def exponential(decay_s: float, rate_hz: float = 1000.0, num_samples: int = 2000) -> Tensor:
    """One curve that falls by 60 dB in ``decay_s``, ``[1, T]``, float64."""
    time_s = torch.arange(num_samples, dtype=torch.float64) / rate_hz
    return 10 ** (-6 * time_s / decay_s)[None]


def two_slopes(rate_hz: float = 1000.0, num_samples: int = 2000) -> Tensor:
    """Forty curves with a fast and a slow part, ``[40, T]``, float64."""
    slow = torch.cat([exponential(s, rate_hz, num_samples) for s in np.linspace(0.3, 2.5, 40)])
    return 0.7 * exponential(0.2, rate_hz, num_samples) + 0.3 * slow


def test_an_exponential_decay_has_the_parameters_of_its_formula() -> None:
    iso = decay.iso(exponential(1.2), 1000)
    for name in ("edt", "t20", "t30"):
        assert iso[name].item() == pytest.approx(1.2, abs=1e-9)
    assert iso["c50"].item() == pytest.approx(-1.088645, abs=1e-6)
    assert iso["d50"].item() == pytest.approx(1 - 10**-0.25, abs=1e-12)


def test_published_edt_is_the_time_to_minus_ten_db_itself() -> None:
    origin = decay.origin(exponential(1.2), 1000)
    assert origin["edt"].item() == pytest.approx(0.2)
    assert origin["t20"].item() == pytest.approx(1.2)
    assert origin["c50"].item() == pytest.approx(-1.0886, abs=1e-4)


def test_two_point_times_of_an_exponential_decay_are_exact_between_samples() -> None:
    times = decay.two_point(exponential(1.234), 1000)
    assert times["edt"].item() == pytest.approx(1.234, abs=1e-9)
    assert times["t20"].item() == pytest.approx(1.234, abs=1e-9)


def test_decay_times_agree_with_a_line_fitted_to_each_curve_alone() -> None:
    curves = two_slopes()
    iso = decay.iso(curves, 1000)
    for row, curve in enumerate(curves.numpy()):
        level_db = 10 * np.log10(curve)
        for name, start_db, stop_db in (("edt", 0, -10), ("t20", -5, -25), ("t30", -5, -35)):
            first, last = np.argmax(level_db <= start_db), np.argmax(level_db <= stop_db)
            inside = np.arange(first, last + 1)
            slope = np.polyfit(inside / 1000, level_db[inside], 1)[0]
            assert iso[name][row].item() == pytest.approx(-60 / slope, rel=1e-9)


def test_rows_do_not_influence_each_other() -> None:
    curves = two_slopes()
    together, alone = decay.iso(curves, 1000), decay.iso(curves[7:8], 1000)
    for name, values in alone.items():
        assert together[name][7] == values[0]


@pytest.mark.parametrize(
    ("room", "absorption", "expected"),
    [
        (
            (3.13, 4.37, 2.71, 1.03, 1.91, 1.27, 2.11, 3.07, 1.63),
            7 * [0.3],
            (0.2357, 0.2458, 11.956),
        ),
        (
            (4, 5, 3, 1, 1, 1.5, 2.6, 3.2, 1.5),
            [0.19, 0.34, 0.55, 0.62, 0.62, 0.64, 0.64],
            (0.1309, 0.2943, 18.118),
        ),
        (
            (3, 3, 3, 1.4, 2, 1.5, 1, 1, 1.5),
            [0.09, 0.05, 0.04, 0.04, 0.03, 0.02, 0.02],
            (1.6579, 2.1072, -1.060),
        ),
    ],
)
def test_simulated_rooms_have_the_parameters_of_a_reference_implementation(
    room: tuple[float, ...], absorption: list[float], expected: tuple[float, float, float]
) -> None:
    box, source, receiver = np.array(room).reshape(3, 3)
    curves = decay_curves(Room(box, source, receiver), np.array([absorption]), 1000, 2000)
    iso = decay.iso(torch.from_numpy(curves), 1000)
    found = [iso[name].item() for name in ("edt", "t20", "c50")]
    assert found[:2] == pytest.approx(expected[:2], abs=1e-4)
    assert found[2] == pytest.approx(expected[2], abs=2e-3)


def test_a_prediction_is_cleaned_before_it_is_judged() -> None:
    rough = exponential(0.5).repeat(2, 1)
    rough[0, 300] = 5.0
    rough[0, 1500] = -1.0
    rough *= 3
    clean = decay.cleaned(rough)
    assert (clean[:, 0] == 1).all()
    assert (clean >= 0).all()
    assert (clean.diff(dim=1) <= 0).all()
    iso = decay.iso(rough, 1000)
    assert iso["edt"][0] == iso["edt"][1]


@pytest.mark.parametrize("start", [0.0, -1.0])
def test_a_curve_that_does_not_start_above_zero_has_no_parameters(start: float) -> None:
    curve = exponential(0.5)
    curve[0, 0] = start
    assert all(values.isnan().all() for values in decay.iso(curve, 1000).values())


def test_a_decay_time_is_undefined_where_its_level_is_never_reached() -> None:
    curve = exponential(1.0).clamp(min=10**-1.5)
    iso, origin = decay.iso(curve, 1000), decay.origin(curve, 1000)
    times = decay.two_point(curve, 1000)
    assert iso["edt"].item() == pytest.approx(1.0)
    for undefined in (iso["t20"], iso["t30"], origin["t20"], times["t20"]):
        assert undefined.isnan().all()


def test_a_decay_time_needs_three_samples() -> None:
    curve = torch.full((1, 200), 1e-6)
    curve[0, :2] = torch.tensor([1.0, 10**-0.5])
    iso = decay.iso(curve, 1000)
    assert iso["t20"].isnan().all()
    assert not iso["edt"].isnan().any()


def test_published_clarity_is_undefined_without_late_energy() -> None:
    curve = exponential(0.5)
    curve[:, 50:] = 0
    assert decay.origin(curve, 1000)["c50"].isnan().all()


def test_clarity_is_read_between_two_samples() -> None:
    curve = exponential(1.2, rate_hz=250, num_samples=500)
    late = (curve[0, 12] + curve[0, 13]).item() / 2
    c50 = decay.iso(curve, 250)["c50"].item()
    assert c50 == pytest.approx(10 * math.log10(1 / late - 1))


def test_curves_must_reach_past_fifty_milliseconds() -> None:
    with pytest.raises(ValueError, match=r"longer than 0.05 s, got 50 samples"):
        decay.iso(exponential(1.0, num_samples=50), 1000)


def test_parameters_of_single_precision_curves_are_double_precision() -> None:
    curves = two_slopes().float()
    for parameters in (decay.iso(curves, 1000), decay.origin(curves, 1000)):
        assert {values.dtype for values in parameters.values()} == {torch.float64}
