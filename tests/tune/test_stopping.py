import pytest

from tune.stopping import EarlyStopping

VALUES = [1.0, 0.8, 0.7, 0.6999, 0.6998, 0.6997, 0.6996]


def epochs(values: list[float], patience: int, mode: str = "min") -> int:
    stopping = EarlyStopping(patience, mode=mode)
    return next((n for n, value in enumerate(values, 1) if stopping.update(value)), len(values))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_early_stopping_scales_with_the_metric(scale: float) -> None:
    assert epochs([value * scale for value in VALUES], patience=3) == 6


def test_negative_objectives_improve_downwards() -> None:
    assert epochs([-1.0, -1.1, -1.2, -1.1, -1.1], patience=2) == 5


def test_rising_metrics_improve_upwards() -> None:
    assert epochs([0.5, 0.6, 0.7, 0.7, 0.65], patience=2, mode="max") == 5
    assert epochs([-value for value in VALUES], patience=3, mode="max") == epochs(VALUES, 3)


def test_unknown_mode_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="mode must be one of min, max, got 'up'"):
        EarlyStopping(3, mode="up")


def test_state_continues_the_count() -> None:
    first, second = EarlyStopping(3), EarlyStopping(3)
    for value in VALUES[:5]:
        first.update(value)
    second.load_state_dict(first.state_dict())
    assert second.update(VALUES[5])
