import pytest

from tune.routing import GROUPS, named, route


def test_key_reaches_its_group_as_a_keyword() -> None:
    groups = route({"model/width": 2, "optim/lr": 0.1, "optim/kind": "adam"})
    assert groups["model"] == {"width": 2}
    assert groups["optim"] == {"lr": 0.1, "kind": "adam"}
    assert set(groups) == set(GROUPS)


@pytest.mark.parametrize("key", ["lr", "optimizer/lr", "optim/", "/lr"])
def test_key_without_a_known_group_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"group one of model, .*, got {key}"):
        route({key: 1})


def test_function_receives_only_the_facts_it_names() -> None:
    def loss(output: int, *, rate_hz: float) -> None: ...

    assert named(loss, {"rate_hz": 500.0, "floor": 0.2}) == {"rate_hz": 500.0}
