"""Emotion features from wav files and tables of ranks."""

import wave
from pathlib import Path

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.emotion_audio import read_clip, read_folders, read_ratings, resample

RATE_HZ = 32_000


def save_wav(path: Path, sound: np.ndarray, rate_hz: int = RATE_HZ, sample_bytes: int = 2) -> Path:
    """Write sound ``[L]`` or ``[L, channels]`` of full scale 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    whole = np.round(sound.reshape(-1) * 2 ** (8 * sample_bytes - 1)).astype("<i4")
    data = whole.view(np.uint8).reshape(-1, 4)[:, :sample_bytes].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, sample_bytes, rate_hz, 0, "NONE", "not compressed"))
        file.writeframes(data)
    return path


def sine(frequency_hz: float, rate_hz: int, seconds: float = 6.0) -> np.ndarray:
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    return 0.5 * np.sin(2 * np.pi * frequency_hz * time_s)


def save_ratings(folder: Path, names: list[str], end: str = "\n") -> Path:
    folder.mkdir(exist_ok=True)
    rows = [f"{name},{rank}" for rank, name in enumerate(names, 1)]
    for dimension, table in (("Valence", rows), ("Arousal", rows)):
        (folder / f"{dimension}.csv").write_bytes(end.join(table).encode())
    return folder


@pytest.mark.parametrize("sample_bytes", [2, 3, 4])
def test_samples_of_all_widths_are_decoded(tmp_path: Path, sample_bytes: int) -> None:
    sound = sine(440, RATE_HZ)
    found = read_clip(save_wav(tmp_path / "a.wav", sound, sample_bytes=sample_bytes))
    np.testing.assert_allclose(found, sound, atol=2 ** -(8 * sample_bytes - 1))


def test_channels_are_averaged(tmp_path: Path) -> None:
    sound = sine(440, RATE_HZ)
    stereo = np.stack([sound, np.zeros_like(sound)], axis=1)
    np.testing.assert_allclose(
        read_clip(save_wav(tmp_path / "a.wav", stereo)), sound / 2, atol=1e-4
    )


def test_short_clips_are_padded_and_long_ones_cut(tmp_path: Path) -> None:
    short = read_clip(save_wav(tmp_path / "short.wav", sine(440, RATE_HZ, 2)))
    assert short.shape == (6 * RATE_HZ,)
    assert not short[2 * RATE_HZ :].any()
    long = sine(440, RATE_HZ, 8)
    found = read_clip(save_wav(tmp_path / "long.wav", long))
    np.testing.assert_allclose(found, long[: 6 * RATE_HZ], atol=1e-4)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_resampling_keeps_a_sine_and_its_level(rate_hz: int) -> None:
    found = resample(sine(1000, rate_hz), rate_hz)
    assert found.shape == (6 * RATE_HZ,)
    np.testing.assert_allclose(found, sine(1000, RATE_HZ), atol=1e-9)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_ranks_become_ratings_whatever_ends_a_line(tmp_path: Path, end: str) -> None:
    folder = save_ratings(tmp_path / "ratings", ["a.wav", "b.wav", "folder/c.WAV"], end)
    assert read_ratings(folder / "Valence.csv") == {"a": 1.0, "b": 0.0, "c": -1.0}


def test_folders_become_clips_with_their_ratings(tmp_path: Path) -> None:
    names = [f"{letter}.wav" for letter in "cab"]
    for name in names:
        save_wav(tmp_path / "sounds" / name[0] / name, sine(440, RATE_HZ, 1))
    ratings = save_ratings(tmp_path / "ratings", names)
    clips = read_folders([tmp_path / "sounds"], ratings)
    assert clips.names == ["a.wav", "b.wav", "c.wav"]
    assert clips.features.shape == (3, 6, 101, 64)
    assert clips.labels["valence"][:, 0].tolist() == [0.0, -1.0, 1.0]
    assert clips.attributes["db_ref"] == "absolute"


def test_wavs_and_ratings_that_do_not_match_are_named(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    save_wav(sounds / "a.wav", sine(440, RATE_HZ, 1))
    with pytest.raises(DataFormatError, match="each wav must have a rating, got a "):
        read_folders([sounds], save_ratings(tmp_path / "ratings", ["b.wav"]))
    with pytest.raises(DataFormatError, match="each rating must have a wav, got b "):
        read_folders([sounds], save_ratings(tmp_path / "ratings", ["a.wav", "b.wav"]))
    with pytest.raises(DataFormatError, match="each name must come once, got a "):
        read_folders([sounds], save_ratings(tmp_path / "ratings", ["a.wav", "a.wav"]))
    save_wav(sounds / "again" / "a.wav", sine(440, RATE_HZ, 1))
    with pytest.raises(DataFormatError, match=r"each base name must come once, got .*a\.wav"):
        read_folders([sounds], save_ratings(tmp_path / "ratings", ["a.wav"]))


@pytest.mark.parametrize("row", ["a", "a,first", "a,0", "a,3", "a,1,2"])
def test_rows_that_are_no_rank_are_named(tmp_path: Path, row: str) -> None:
    table = tmp_path / "Valence.csv"
    table.write_text(f"b,1\n{row}\n")
    with pytest.raises(DataFormatError, match=r"rank in 1..2, got row 2: \['a'"):
        read_ratings(table)


def test_missing_folders_and_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folders([tmp_path / "nowhere"], tmp_path)
    with pytest.raises(FileNotFoundError, match="must hold wav files"):
        read_folders([tmp_path], tmp_path)
    save_wav(tmp_path / "a.wav", sine(440, RATE_HZ, 1))
    with pytest.raises(FileNotFoundError, match=r"Valence\.csv"):
        read_folders([tmp_path], tmp_path)


def test_unreadable_wavs_raise_with_their_parameters(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(DataFormatError, match=r"text\.wav: must be a PCM wav file"):
        read_clip(text)
    empty = save_wav(tmp_path / "empty.wav", np.zeros(0))
    with pytest.raises(DataFormatError, match=r"empty\.wav: .*nframes=0"):
        read_clip(empty)
    surround = save_wav(tmp_path / "surround.wav", np.zeros((10, 4)))
    with pytest.raises(DataFormatError, match=r"surround\.wav: .*nchannels=4"):
        read_clip(surround)
    coarse = save_wav(tmp_path / "coarse.wav", np.zeros(10), sample_bytes=1)
    with pytest.raises(DataFormatError, match=r"coarse\.wav: .*sampwidth=1"):
        read_clip(coarse)
