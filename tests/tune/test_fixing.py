import pytest

from tune import workloads
from tune.errors import UserError
from tune.fixing import as_fixed, check_fixed
from tune.workloads import Workload


@pytest.mark.parametrize(
    "fixed",
    [{}, {"model/hidden": 3}, {"data/noise": 0.5}, {"loss/weight": 2.0}, {"forward/other": 1}],
)
def test_value_with_a_place_to_go_passes(workload: Workload, fixed: dict[str, object]) -> None:
    check_fixed(workload, fixed)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"modle/hidden": 3}, "--set modle/hidden must begin with one of model"),
        ({"model/hiden": 3}, "--set model/hiden must name one of hidden"),
        ({"data/nose": 1}, "--set data/nose must name one of"),
        ({"optim/rate": 1}, "--set optim/rate must name one of parameters, kind, lr"),
        ({"model/hidden": 99}, "must stay inside the search space"),
        ({"train/batch_size": 9}, "must stay inside the search space"),
        ({"optim/lr": "fast"}, "must stay inside the search space"),
    ],
)
def test_value_without_a_place_is_named(
    workload: Workload, fixed: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_fixed(workload, fixed)


def test_digits_stay_text_where_the_space_has_texts() -> None:
    pairs = [("train/precision", 32), ("optim/lr", 1e-3), ("model/head", "linear")]
    fixed = as_fixed(workloads.space("edc"), pairs)
    assert fixed == {"train/precision": "32", "optim/lr": 1e-3, "model/head": "linear"}
    check_fixed(workloads.get("edc"), fixed)
