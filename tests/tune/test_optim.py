import pytest
import torch

from tune.optim import Schedule, learning_rate, optimiser


def rates(kind: str, epochs: int = 10, batches: int = 4, **settings: float) -> list[float]:
    """Return the learning rate at the start of every epoch, the objective standing still."""
    chosen = optimiser([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    schedule = Schedule(chosen, epochs=epochs, batches=batches, kind=kind, **settings)
    seen = []
    for _ in range(epochs):
        seen.append(learning_rate(chosen))
        for _ in range(batches):
            chosen.step()
            schedule.after_batch()
        schedule.after_epoch(1.0)
    return seen


def test_constant_rate_stays() -> None:
    assert rates("none") == pytest.approx([0.1] * 10)


def test_cosine_falls_from_the_rate_towards_zero() -> None:
    seen = rates("cosine")
    assert seen[0] == pytest.approx(0.1)
    assert seen == sorted(seen, reverse=True)
    assert seen[5] == pytest.approx(0.05)


def test_onecycle_peaks_at_the_given_multiple_and_ends_low() -> None:
    seen = rates("onecycle", epochs=100, peak=3.0)
    assert max(seen) == pytest.approx(0.3, rel=0.01)
    assert seen[-1] < 0.01


def test_plateau_cuts_by_its_factor_once_patience_is_spent() -> None:
    seen = rates("plateau", factor=0.5, patience=2)
    assert seen[:4] == pytest.approx([0.1] * 4)
    assert seen[4] == pytest.approx(0.05)


def test_step_cuts_every_so_many_epochs() -> None:
    assert rates("step", every=5)[4:6] == pytest.approx([0.1, 0.01])
