"""Errors of ``edc``."""

import pytest
import torch

from models.edc_metrics import curve_errors, parameter_errors

NAN = torch.nan


def values(*numbers: float) -> torch.Tensor:
    """Make a column of double precision."""
    return torch.tensor(numbers, dtype=torch.float64)


def test_a_perfect_prediction_has_no_error() -> None:
    true = values(0.3, 0.5, 0.9)
    assert parameter_errors("t20", true, true) == {
        "t20_mae_s": 0,
        "t20_rmse_s": 0,
        "t20_medae_s": 0,
        "t20_r2": 1,
        "t20_dropped": 0,
        "t20_jnd": 1,
    }


def test_errors_carry_their_unit_and_their_convention() -> None:
    column = values(1.0, 2.0)
    assert "c50_mae_db" in parameter_errors("c50", column, column)
    assert "d50_mae" in parameter_errors("d50", column, column)
    assert "origin_edt_rmse_s" in parameter_errors("edt", column, column, "origin_")


def test_errors_are_those_of_their_formulas() -> None:
    predicted, true = values(1, 2, 3, 6), values(1, 3, 2, 3)
    errors = parameter_errors("c50", predicted, true)
    assert errors["c50_mae_db"] == pytest.approx(5 / 4)
    assert errors["c50_rmse_db"] == pytest.approx((11 / 4) ** 0.5)
    assert errors["c50_medae_db"] == pytest.approx(1)
    assert errors["c50_r2"] == pytest.approx(1 - 11 / 2.75)


def test_undefined_rows_are_left_out_in_pairs_and_reported() -> None:
    predicted, true = values(NAN, 0.5, 0.6, 0.8), values(0.3, NAN, 0.5, 0.9)
    errors = parameter_errors("t20", predicted, true)
    kept = parameter_errors("t20", predicted[2:], true[2:])
    for name in ("t20_mae_s", "t20_rmse_s", "t20_medae_s", "t20_r2"):
        assert errors[name] == pytest.approx(kept[name])
    assert errors["t20_dropped"] == 0.5


def test_a_part_with_no_defined_row_has_no_error_to_tell() -> None:
    errors = parameter_errors("t20", values(NAN, NAN), values(0.3, 0.4))
    assert errors["t20_dropped"] == 1
    assert errors["t20_jnd"] == 0
    assert errors["t20_mae_s"] != errors["t20_mae_s"]


@pytest.mark.parametrize(
    ("name", "true", "limit"),
    [
        ("edt", 2.0, 0.1),
        ("t20", 2.0, 0.1),
        ("t30", 2.0, 0.1),
        ("c50", -3.0, 1.0),
        ("d50", 0.2, 0.05),
    ],
)
def test_a_just_noticeable_difference_is_relative_for_times_only(
    name: str, true: float, limit: float
) -> None:
    predicted = true + values(0.99, -0.99, 1.01, NAN) * limit
    errors = parameter_errors(name, predicted, values(*4 * [true]))
    assert errors[f"{name}_jnd"] == 0.5


def test_curves_are_compared_over_all_values_at_once() -> None:
    torch.manual_seed(0)
    target = torch.rand(30, 40) * torch.logspace(0, -3, 40)
    predicted = target + 0.01 * torch.randn(30, 40)
    errors = curve_errors(predicted, target)
    difference = (predicted - target).double().flatten()
    spread = target.double().flatten()
    assert errors["edc_mae"] == pytest.approx(difference.abs().mean().item(), rel=1e-6)
    assert errors["edc_rmse"] == pytest.approx(difference.square().mean().sqrt().item(), rel=1e-6)
    explained = 1 - difference.square().sum() / (spread - spread.mean()).square().sum()
    assert errors["edc_r2"] == pytest.approx(explained.item(), abs=1e-9)
