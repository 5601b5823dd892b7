"""Numbers read at call time."""

import pytest
import torch

from models.functional import dropout, rowwise


@pytest.mark.parametrize("p", [0.3, torch.tensor(0.3), torch.full((4, 1), 0.3)])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (4, 2, 3, 5)])
def test_dropout_is_the_same_for_all_three_forms_of_a_number(
    p: float | torch.Tensor, shape: tuple[int, ...]
) -> None:
    x = torch.ones(shape)
    torch.manual_seed(0)
    expected = dropout(x, 0.3, training=True)
    torch.manual_seed(0)
    torch.testing.assert_close(dropout(x, p, training=True), expected)


def test_dropout_keeps_the_mean_and_drops_the_asked_share() -> None:
    torch.manual_seed(0)
    dropped = dropout(torch.ones(400, 500), 0.3, training=True)
    assert dropped.mean().item() == pytest.approx(1, abs=0.01)
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)


def test_every_row_has_its_own_dropout() -> None:
    torch.manual_seed(0)
    dropped = dropout(torch.ones(2, 10_000), torch.tensor([[0.0], [0.5]]), training=True)
    shares = (dropped == 0).double().mean(1)
    assert shares[0] == 0
    assert shares[1].item() == pytest.approx(0.5, abs=0.02)


def test_dropout_does_nothing_outside_training_or_at_probability_zero() -> None:
    x = torch.randn(4, 3)
    assert dropout(x, 0.9, training=False) is x
    torch.testing.assert_close(dropout(x, 0.0, training=True), x)


def test_dropout_keeps_the_type_of_the_activations() -> None:
    x = torch.ones(4, 3, dtype=torch.bfloat16)
    assert dropout(x, torch.full((4, 1), 0.3), training=True).dtype == torch.bfloat16


def test_a_number_multiplies_rows_of_any_rank() -> None:
    number = torch.tensor([[1.0], [2.0]])
    for shape in ((2,), (2, 3), (2, 3, 4)):
        product = rowwise(number, torch.ones(shape)) * torch.ones(shape)
        assert product.shape == shape
        assert (product[1] == 2).all()
