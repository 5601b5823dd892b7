"""Files damaged anyhow: each reader gives a valid result or a named error, soon and in one line.

``FUZZ_EXAMPLES`` says how many damaged files each reader is given.
"""

import functools
import json
import os
import resource
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np
import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import (
    companion_midi,
    companion_table,
    edc_files,
    edc_store,
    emotion_audio,
    emotion_files,
    frequency_filter_files,
    melody_abc,
    melody_files,
)
from datasets.contract import DataFormatError
from datasets.edc_rooms import generate
from search_spaces.contract import Budget
from tests.datasets.test_emotion_files import arrays, save
from tune import records, run_folder
from tune.ends import End
from tune.errors import UserError
from tune.layout import Layout
from tune.study import Study, read_trials
from tune.workloads import Space

NAMED = (DataFormatError, FileNotFoundError, UserError)
MOST_BYTES = 2**30
LONGEST_S = 2.0
FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")),
    deadline=None,  # it would count the time that other processes take
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)
pytestmark = [
    pytest.mark.fault,
    pytest.mark.filterwarnings("ignore"),  # of what numpy and mido find odd before they refuse it
]
ABC = """X:1
T:A tune
M:6/8
L:1/8
K:Dmaj
|: d2A F>AB | [dF]3 (3ABc z2 | "A7"e/f/ {g}a- a3 :| [K:G] ^c=c_B | (3:2:2 AB c'',2/3 |
"""


class Kind(NamedTuple):
    """A kind of file."""

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], object]


def write_wav(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(400, dtype="<i2").tobytes())


def write_midi(path: Path) -> None:
    messages = [mido.Message(kind, note=60, time=240) for kind in ("note_on", "note_off") * 4]
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000), *messages]))
    midi.save(path)


def write_table(path: Path) -> None:
    generator = np.random.default_rng(0)
    arrays = {"X": generator.normal(size=(6, 3)), "y": generator.normal(size=(6, 2))}
    np.savez(path, allow_pickle=False, **arrays, group=np.arange(6) // 2)


def write_metrics(path: Path) -> None:
    for epoch in (1, 2):
        records.append_row(path, {"epoch": epoch, "objective": 0.5 / epoch, "mse": -1e-3})


def declare(trial: optuna.Trial) -> None:
    trial.suggest_float("optim/lr", 1e-3, 1e-1, log=True)
    trial.suggest_categorical("train/batch_size", [8, 16])


def write_journal(path: Path) -> None:
    budget = Budget(trials=3, epochs=2, grace_epochs=1, reduction=3)
    baseline = {"optim/lr": 0.01, "train/batch_size": 8}
    study = Study(path, Space("toy", declare, baseline, (), (), "mse", "min", budget), 0, {})
    for value in (1.0, 0.5):
        number = study.propose().number
        study.report(number, 1, value)
        study.end(number, End("complete", "reached its last epoch", {"epochs": 1}))
    study.propose()


def write_description(path: Path) -> None:
    description = {"budget": {"trials": 3}, "seed": 0, "root": None, "fixed": {"a/b": [1, 2.5]}}
    path.write_text(json.dumps(description | {"data": {"fingerprint": "abc"}}))


def write_features(path: Path) -> None:
    header, row = ["ID", *edc_files.FEATURES], generate("tiny").features[0].astype(str).tolist()
    path.write_text("\n".join(",".join(line) for line in (header, ["RIR_008_case0_edc", *row])))


def read_features(path: Path) -> object:
    rows, problems = edc_files._feature_rows(path)
    edc_files.complain(str(path), problems)
    return rows


def write_emotion(path: Path) -> None:
    save(path, arrays())


def write_rooms(path: Path) -> None:
    edc_store.write(path, generate("tiny").head(24))


def read_run(folder: Path, path: Path) -> object:
    """Read an array as a run folder does."""
    (folder / "targets.npy").write_bytes(path.read_bytes())
    names = {"predictions": {"y": path.name}, "targets": {"y": "targets.npy"}}
    return run_folder.read_arrays(folder, names)


def read_metadata(path: Path) -> object:
    return run_folder.complete(run_folder.read_metadata(path.parent))


def write_metadata(path: Path) -> None:
    files = {"predictions": {"y": "predictions.npy"}, "targets": {"y": "targets.npy"}}
    path.write_text(json.dumps({"workload": "edc", "facts": {}, "asked": {"seed": 0}} | files))


def write_melodies(path: Path) -> None:
    about = [{"title": "A tune", "key": "D", "time_signature": "6/8"}] * 2
    path.write_text(json.dumps({"melodies": [[40, 41, 42], [0, 87]], "metadata": about}))


def write_curve(path: Path) -> None:
    np.save(path, np.exp(-np.arange(64.0) / 8).astype(np.float32))


KINDS = [
    Kind("tune.abc", lambda path: path.write_text(ABC, "latin-1"), melody_abc.read_abc),
    Kind("melodies.json", write_melodies, melody_files.read_json),
    Kind("sweep.json", write_description, lambda path: Layout(path.parent).describe()),
    Kind("metadata.json", write_metadata, read_metadata),
    Kind("study.journal", write_journal, read_trials),
    Kind("metrics.csv", write_metrics, records.read_rows),
    Kind("features.csv", write_features, read_features),
    Kind("ranks.csv", lambda path: path.write_text("a,1\nb,2\nc,3\n"), emotion_audio.read_ratings),
    Kind("curve.npy", write_curve, edc_files._read_curve),
    Kind("predictions.npy", write_curve, lambda path: read_run(path.parent, path)),
    Kind("samples.npz", write_table, companion_table.read_npz),
    Kind("windows.npz", write_table, lambda path: frequency_filter_files.read_arrays(path, "Xy")),
    Kind("scalers.npz", write_table, lambda path: run_folder.scalers(path.parent)),
    Kind("emotion.h5", write_emotion, emotion_files.read),
    Kind("rooms.h5", write_rooms, edc_store.read),
    Kind("clip.wav", write_wav, emotion_audio.read_clip),
    Kind("piece.mid", write_midi, companion_midi.read_notes),
]


@functools.cache
def whole(kind: Kind) -> bytes:
    """Return a file as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / kind.name
        kind.write(path)
        return path.read_bytes()


WORDS = [b"-1", b"1e999", b"nan", b"9" * 30, b"9" * 5000, b"\0" * 9, b"\xff" * 8, b"[" * 3000]
WORDS += [b"\n", b",", b'"', b"\r", b"null", b"{}", b"[]", b"/0", b"\x7f\xff\xff\xff"]


@st.composite
def damages(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut, flip, drop, repeat and insert, once or a few times; or make up everything."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=300))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(content) - 1, 0)))
        # what a file says of itself stands at its beginning, so that is hit more often
        start = start % 200 if draw(st.booleans()) else start
        stop = start + draw(st.integers(1, 16))
        new = {
            "cut": b"",
            "drop": content[stop:],
            "repeat": content[start:stop] * 2 + content[stop:],
            "insert": draw(st.sampled_from(WORDS) | st.binary(max_size=8)) + content[start:],
            "replace": draw(st.binary(min_size=1, max_size=4)) + content[stop:],
            "flip": bytes([content[start] ^ 1 << draw(st.integers(0, 7))]) + content[start + 1 :]
            if start < len(content)
            else b"",
        }
        content = content[:start] + new[draw(st.sampled_from(sorted(new)))]
    return content


def check_reads(kind: Kind, path: Path) -> None:
    """Check that a file is read, or refused in one line, soon and without much memory."""
    start_s, start_kib = time.thread_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        kind.read(path)
    except NAMED as error:
        assert str(error)
        assert "\n" not in str(error)
    assert time.thread_time() - start_s < LONGEST_S
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start_kib
    assert grown_kib * 1024 < MOST_BYTES


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_whole_file_is_read(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / kind.name).write_bytes(whole(kind))
    kind.read(tmp_path / kind.name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_damaged_file_is_read_or_refused(tmp_path: Path, kind: Kind) -> None:
    content = whole(kind)
    path = tmp_path / kind.name

    @FUZZ
    @given(damages(content))
    def check(damaged: bytes) -> None:
        path.write_bytes(damaged)
        check_reads(kind, path)

    check()


def test_head_that_sends_the_hdf5_library_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "emotion.h5"
    write_emotion(path)
    head = bytearray(path.read_bytes())
    head[48:56] = (96).to_bytes(8, "little")  # settings of a driver, where there are none
    path.write_bytes(head)
    with pytest.raises(DataFormatError, match="its head is damaged"):
        emotion_files.read(path)
