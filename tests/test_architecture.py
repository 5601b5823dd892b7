"""Rules about the code that no linter checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import datasets
import models
import search_spaces
import tune

ROOT = Path(__file__).parents[1]
PACKAGES = (tune, models, datasets, search_spaces)
SOURCES = [path for package in PACKAGES for path in Path(package.__path__[0]).glob("*.py")]


def imported(source: Path) -> set[str]:
    tree = ast.parse(source.read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_our_packages_are_ours() -> None:
    """The package index has a ``tune`` and a ``datasets`` that could stand in their place."""
    for package in PACKAGES:
        assert Path(package.__path__[0]).parent == ROOT


def test_ray_is_imported_only_at_the_rim() -> None:
    users = {
        path.stem for path in SOURCES if any(n.split(".")[0] == "ray" for n in imported(path))
    }
    rim = {
        "asha",
        "cluster",
        "executor",
        "ray_internals",
        "resources",
        "retrain",
        "searcher",
        "session",
    }
    rim |= {"trackers", "tracking", "tensorboard", "mlflow_runs", "dashboards"}
    assert users <= rim | {"trainable"}


@pytest.mark.parametrize("verb", ["run", "export", "watch", "compare", "plan", "report"])
def test_help_needs_neither_torch_nor_ray(verb: str) -> None:
    program = f"import sys, tune.{verb}; tune.{verb}.parser().format_help(); "
    program += "print(sorted({'torch', 'ray', 'pandas'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def says(tree: ast.AST, word: str) -> bool:
    """Tell whether code says a word, as a name or as the text that ``getattr`` would take."""
    fields = ("id", "attr", "arg", "name", "value")
    return any(word == getattr(node, each, None) for node in ast.walk(tree) for each in fields)


def test_test_data_are_reached_by_nothing_but_the_evaluation() -> None:
    users = {path for path in SOURCES if says(ast.parse(path.read_text()), "load_test")}
    others = {path for path in users if path.parent.name != "datasets"}
    assert {path.stem for path in others} == {"evaluation", "workloads"}  # its caller, its table


def test_no_data_set_looks_into_its_own_test_part() -> None:
    for path in Path(datasets.__path__[0]).glob("*.py"):
        tree = ast.parse(path.read_text())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        statements = [statement for each in functions for statement in each.body]
        assert not any(says(statement, "load_test") for statement in statements), path.name


def test_evaluation_is_reached_only_by_its_verb() -> None:
    """``tune.evaluate`` leads to the trainings that read test data, and no other verb does."""
    users = {
        module: {path.stem for path in SOURCES if f"tune.{module}" in imported(path)}
        for module in ("evaluation", "candidates", "retrain")
    }
    assert users == {
        "evaluation": {"candidates", "retrain"},
        "candidates": {"retrain"},
        "retrain": {"evaluate"},
    }


def test_nothing_is_unpickled() -> None:
    for path in SOURCES:
        text = path.read_text()
        assert "pickle.load" not in text
        assert "allow_pickle=True" not in text
        assert "torch.load(" not in text or "weights_only=True" in text


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    long = [path.name for path in SOURCES if len(path.read_text().splitlines()) > 300]
    assert long == []
