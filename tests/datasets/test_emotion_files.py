"""HDF5 files of emotion features: what is read, and what is rejected in which words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.emotion_files import Clips, map_sorted, read, write

Arrays = dict[str, Any]
CLIPS = 12


def arrays() -> Arrays:
    """Return the datasets of a valid file, its rows in random order."""
    generator = np.random.default_rng(0)
    rows = generator.permutation(CLIPS * 6)
    ratings = np.linspace(-1, 1, CLIPS).repeat(6)
    return {
        "feature": generator.uniform(-80, 0, (CLIPS * 6, 101, 64)).astype(np.float32)[rows],
        "valence": ratings.astype(np.float32)[rows],
        "arousal": -ratings.astype(np.float32)[rows],
        "audio_name": [f"clip {row // 6:02d}.wav_seg{row % 6}" for row in rows],
    }


def save(path: Path, content: Arrays) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file[name] = values
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "features.h5"


def test_rows_in_any_order_become_clips_in_order(path: Path) -> None:
    content = arrays()
    clips = read(save(path, content))
    assert clips.names == [f"clip {clip:02d}.wav" for clip in range(CLIPS)]
    row = content["audio_name"].index("clip 03.wav_seg4")
    assert np.array_equal(clips.features[3, 4], content["feature"][row].astype(np.float16))
    np.testing.assert_allclose(clips.labels["valence"][:, 0], np.linspace(-1, 1, CLIPS), atol=1e-6)
    np.testing.assert_allclose(clips.labels["arousal"][:, 5], np.linspace(1, -1, CLIPS), atol=1e-6)


def test_names_may_be_bytes_and_features_float16(path: Path) -> None:
    content = arrays()
    content["audio_name"] = np.array(content["audio_name"], dtype="S")
    content["feature"] = content["feature"].astype(np.float16)
    assert read(save(path, content)).names[0] == "clip 00.wav"


def test_whole_clips_are_cut_where_segments_share_a_frame(path: Path) -> None:
    generator = np.random.default_rng(0)
    feature = generator.uniform(-80, 0, (CLIPS, 601, 64)).astype(np.float16)
    ratings = np.linspace(-1, 1, CLIPS)
    names = [f"{CLIPS - clip:02d}.wav" for clip in range(CLIPS)]
    content = {"feature": feature, "valence": ratings, "arousal": ratings, "audio_name": names}
    clips = read(save(path, content))
    assert clips.features.shape == (CLIPS, 6, 101, 64)
    assert np.array_equal(clips.features[0, 2], feature[-1, 200:301])
    assert np.array_equal(clips.features[0, 5], feature[-1, 500:])
    assert (clips.labels["valence"][0] == 1).all()


def test_written_clips_are_mapped_and_read_back_alike(path: Path) -> None:
    clips = read(save(path, arrays()))
    segments = np.random.default_rng(0).random((CLIPS, 6)).astype(np.float32)
    labels = {**clips.labels, "valence_seg": segments, "arousal_seg": -segments}
    written = Clips(clips.names, clips.features, labels, {"db_ref": "absolute"})
    copy = path.with_name("copy.h5")
    write(copy, written)
    for again in (read(copy), map_sorted(copy)):
        assert again.names == clips.names
        assert np.array_equal(again.features, clips.features)
        assert again.attributes["db_ref"] == "absolute"
        assert labels.keys() == again.labels.keys()
        for name, values in labels.items():
            np.testing.assert_allclose(again.labels[name], values, atol=1e-7)
    assert isinstance(map_sorted(copy).features.base, np.memmap)


def test_features_that_all_peak_at_zero_are_known_as_max_normalised(path: Path) -> None:
    content = arrays()
    content["feature"] -= content["feature"].max(axis=(1, 2), keepdims=True)
    assert read(save(path, content)).attributes["db_ref"] == "max (detected)"


def drop(name: str) -> Callable[[Arrays], None]:
    def change(content: Arrays) -> None:
        del content[name]

    return change


def put(name: str, row: int, value: object) -> Callable[[Arrays], None]:
    def change(content: Arrays) -> None:
        content[name][row] = value

    return change


def transpose(content: Arrays) -> None:
    content["feature"] = content["feature"].transpose(0, 2, 1)


def shorten(content: Arrays) -> None:
    content["feature"] = content["feature"][:, :50]


def lose_row(content: Arrays) -> None:
    content["valence"] = content["valence"][1:]


def lose_segment(content: Arrays) -> None:
    row = content["audio_name"].index("clip 03.wav_seg4")
    content["audio_name"][row] = "clip 03.wav_seg6"


def repeat_segment(content: Arrays) -> None:
    row = content["audio_name"].index("clip 03.wav_seg4")
    content["audio_name"][row] = "clip 03.wav_seg3"


def disagree(content: Arrays) -> None:
    content["arousal"][content["audio_name"].index("clip 03.wav_seg4")] += 0.01


def keep_few(content: Arrays) -> None:
    few = [row for row, name in enumerate(content["audio_name"]) if name < "clip 09"]
    for name, values in content.items():
        content[name] = [values[row] for row in few]


def label_half(content: Arrays) -> None:
    content["valence_seg"] = content["valence"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop("arousal"), r"must hold \['arousal'\], got only \['audio_name', 'feature', 'val"),
        (label_half, r"must hold \['arousal_seg'\]"),
        (transpose, r"\(72, 64, 101\): transposed"),
        (shorten, r"\(N, 101, 64\) or \(C, 601, 64\), got \(72, 50, 64\)$"),
        (lose_row, r"'feature': 72, 'audio_name': 72, 'valence': 71, 'arousal': 72"),
        (lose_segment, r"clip 03.wav with \[0, 1, 2, 3, 5, 6\] \(1 in all\)"),
        (repeat_segment, r"clip 03.wav with \[0, 1, 2, 3, 3, 5\]"),
        (put("audio_name", 2, "rain.wav_segx"), r"_seg<number>, got rain.wav_segx"),
        (put("audio_name", 2, "rain.wav"), r"_seg<number>, got rain.wav"),
        (put("feature", 7, np.nan), r"feature must be finite in float16, got row 7"),
        (put("feature", 7, 1e6), r"feature must be finite in float16, got row 7"),
        (put("valence", 7, np.inf), r"valence must be finite, got row 7"),
        (put("arousal", 7, -1.1), r"arousal must lie in \[-1, 1\], got row 7"),
        (disagree, r"arousal must be the same .*, got clip 03.wav"),
        (keep_few, r"10 clips or more, got 9"),
    ],
)
def test_broken_files_are_rejected_by_name(
    path: Path, change: Callable[[Arrays], None], words: str
) -> None:
    content = arrays()
    change(content)
    with pytest.raises(DataFormatError, match=rf"features.h5: .*{words}"):
        read(save(path, content))


def test_at_most_five_offenders_are_listed_and_all_are_counted(path: Path) -> None:
    content = arrays()
    content["valence"][:] = 2
    with pytest.raises(DataFormatError, match=r"row 3, row 4 \(72 in all\)"):
        read(save(path, content))


def test_a_file_that_is_no_hdf5_is_rejected(path: Path) -> None:
    path.write_text("valence")
    with pytest.raises(DataFormatError, match=r"must be an HDF5 file; make it by: python -m"):
        read(path)
