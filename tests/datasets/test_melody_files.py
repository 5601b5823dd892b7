"""Directories of tunes: ABC, processed JSON, and what is rejected in which words."""

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.contract import DataFormatError
from datasets.melody_files import PROCESSED, read_json, read_tunes, write_json
from datasets.melody_tunes import Tune

TUNES = [
    Tune((40, 42, 44), "One", "D", "6/8", "1", "jigs.abc"),
    Tune((50, 49), "Zwei für Ä", "Am", "", "2", "jigs.abc"),
]


def content() -> dict[str, Any]:
    about = {"title": "One", "key": "D", "meter": "6/8", "id": "1", "source_file": "a.abc"}
    return {"melodies": [[1, 2], [3, 87]], "metadata": [about, about], "statistics": None}


def save(tmp_path: Path, value: object) -> Path:
    path = tmp_path / PROCESSED
    path.write_text(json.dumps(value))
    return path


def test_written_tunes_are_read_back_alike(tmp_path: Path) -> None:
    write_json(tmp_path / PROCESSED, TUNES)
    assert read_json(tmp_path / PROCESSED) == TUNES
    assert json.loads((tmp_path / PROCESSED).read_text())["statistics"]["num_notes"] == 5


def test_files_of_the_original_project_are_read(tmp_path: Path) -> None:
    (first, second) = read_json(save(tmp_path, content()))
    assert (first.tokens, first.title, first.key) == ((1, 2), "One", "D")
    assert second.tokens == (3, 87)


def test_processed_melodies_win_over_abc_files(tmp_path: Path) -> None:
    (tmp_path / "b.abc").write_text("X:1\nK:C\nC\n")
    assert read_tunes(tmp_path)[0][0].tokens == (39,)
    save(tmp_path, content())
    assert read_tunes(tmp_path)[0][0].tokens == (1, 2)


def test_files_are_read_by_name(tmp_path: Path) -> None:
    for name, note in (("b", "d"), ("a", "c")):
        (tmp_path / f"{name}.abc").write_text(f"X:1\nT:{name}\nK:C\n{note}z\n")
    tunes, dropped = read_tunes(tmp_path)
    assert [(tune.title, tune.tokens) for tune in tunes] == [("a", (51,)), ("b", (53,))]
    assert dropped == []


def test_a_tune_beyond_the_piano_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text("X:1\nT:Low\nK:C\nC,,,,C\nX:2\nT:Fine\nK:C\nC\n")
    tunes, dropped = read_tunes(tmp_path)
    assert [tune.title for tune in tunes] == ["Fine"]
    assert dropped == ["left out a.abc X:1 'Low': MIDI 12 is no key of a piano"]


def test_a_directory_without_tunes_is_named_with_both_forms(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"{PROCESSED} or \*.abc files.*embedded tunes"):
        read_tunes(tmp_path / "nowhere")


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    made: Any = content()
    target = made
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return made  # type: ignore[no-any-return]  # plain JSON


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (changed(("melodies", 1, 1), 93), r"melodies\[1\]\[1\] must be 0..87, got 93"),
        (changed(("melodies", 0, 0), -1), r"melodies\[0\]\[0\] must be 0..87, got -1"),
        (changed(("melodies", 0, 0), 1.5), r"melodies\[0\]\[0\] must be 0..87, got 1.5"),
        (changed(("melodies", 0, 0), True), r"melodies\[0\]\[0\] must be 0..87, got true"),
        (changed(("melodies", 0, 0), "1"), r'melodies\[0\]\[0\] must be 0..87, got "1"'),
        (changed(("melodies", 1), 5), r"melodies\[1\] must be a list and metadata\[1\] an object"),
        (changed(("metadata",), []), r"must be equally long, got 2 and 0"),
        (changed(("metadata",), None), r"must be an object with a list 'metadata'"),
        ([1, 2], r"must be an object with a list 'melodies'"),
    ],
)
def test_broken_json_is_rejected_by_place(tmp_path: Path, value: object, words: str) -> None:
    with pytest.raises(DataFormatError, match=rf"{PROCESSED}.*{words}"):
        read_json(save(tmp_path, value))


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe{}", b""])
def test_a_file_that_is_no_json_is_rejected(tmp_path: Path, data: bytes) -> None:
    (tmp_path / PROCESSED).write_bytes(data)
    with pytest.raises(DataFormatError, match=rf"{PROCESSED} must be JSON in UTF-8, got: "):
        read_json(tmp_path / PROCESSED)
