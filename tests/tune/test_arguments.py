import argparse

import pytest

from tune import arguments


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("10m", 600), ("1.5h", 5400)])
def test_duration_is_read_in_seconds(text: str, value: float) -> None:
    assert arguments.duration(text) == value


@pytest.mark.parametrize("text", ["90", "m", "-3s", "1d"])
def test_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"s, m or h, got {text}"):
        arguments.duration(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many"])
def test_count_below_one_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"at least 1, got {text}"):
        arguments.positive(text)


def test_share_may_be_a_fraction_or_automatic() -> None:
    assert arguments.share("0.25") == 0.25
    assert arguments.share("auto") is None


@pytest.mark.parametrize("text", ["-0.5", "nan", "inf", "half"])
def test_share_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="auto or a number"):
        arguments.share(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("model/kind=lrm", "lrm"), ("model/width=0.5", 0.5), ("a/b=true", True), ("a/b=null", None)],
)
def test_assignment_reads_plain_values(text: str, value: object) -> None:
    assert arguments.assignment(text) == (text.partition("=")[0], value)


@pytest.mark.parametrize("text", ["model/kind", "kind=lrm"])
def test_assignment_without_group_or_value_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="GROUP/NAME=VALUE"):
        arguments.assignment(text)
