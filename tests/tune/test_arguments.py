import argparse
import os
from pathlib import Path

import pytest

from tune import arguments


def test_sweep_is_named_alike_by_every_verb_of_one() -> None:
    parser = arguments.Parser(prog="verb")
    arguments.add_sweep(parser)
    assert vars(parser.parse_args(["edc", "--sweep", "monday"])) == {
        "workload": "edc",
        "sweep": "monday",
        "results": Path("results"),
    }


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


def test_password_leaves_the_address_for_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", "another")
    assert arguments.study_url("postgresql://me:top%40secret@host:5433/team") == (
        "postgresql://me@host:5433/team"
    )
    assert os.environ["PGPASSWORD"] == "top@secret"


@pytest.mark.parametrize(
    "text",
    [
        "secret",
        "mysql://me:secret@host/team",
        "postgresql://me:secret@host",
        "postgresql://me:se@cret@host/team",
        "postgresql://me:secret@host:port/team",
        "postgresql://host/team?password=secret",
        "postgresql://host/team?passfile=/secret",
    ],
)
def test_address_of_another_shape_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be postgresql://USER@") as raised:
        arguments.study_url(text)
    assert "secret" not in str(raised.value)
    assert "cret@" not in str(raised.value)


def test_password_is_taken_out_of_a_whole_command() -> None:
    command = "tune.run edc --study=postgresql://me:se@c/ret@host/team --name a"
    assert (
        arguments.without_password(command)
        == "tune.run edc --study=postgresql://me@host/team --name a"
    )


@pytest.mark.parametrize("text", ["bucket", "s3://", "s3://key:secret@bucket/a", "s3://b/a?x=1"])
def test_storage_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be s3://BUCKET/PATH"):
        arguments.storage_url(text)


def test_storage_may_end_with_a_slash() -> None:
    assert arguments.storage_url("s3://bucket/a/b/") == "s3://bucket/a/b"
