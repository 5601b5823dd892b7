"""Music with ratings of valence and arousal."""

import wave
from pathlib import Path

import numpy as np
import pytest

from datasets import companion_deam
from datasets.companion_deam import features, read
from datasets.companion_latent import embedding
from datasets.contract import DataFormatError


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the measurement of sounds: the size of the file, in -1..0."""

    def fake(path: Path) -> np.ndarray:
        if path.stat().st_size == 0:
            raise DataFormatError("no readable sound: empty")
        return np.full(128, -path.stat().st_size / 100)

    monkeypatch.setattr(companion_deam, "features", fake)


def save_sounds(root: Path, names: list[str]) -> Path:
    (root / "audio").mkdir(exist_ok=True)
    for name in names:
        (root / "audio" / name).write_bytes(b"12345")
    return root


def save_features(root: Path, mel: np.ndarray, valence: np.ndarray) -> Path:
    np.savez(root / "features.npz", mel=mel, valence=valence, arousal=np.zeros(len(valence)))
    return root


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("place", ["annotations/annotations.csv", "annotations.csv", "labels.csv"])
def test_sounds_are_joined_with_their_ratings(tmp_path: Path, place: str) -> None:
    save_sounds(tmp_path, ["a.wav", "b.mp3", "c.flac"])
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("filename,valence,arousal\nb.mp3,.5,-1\na,0,0\nc.flac,1,1\n")
    table = read(tmp_path)
    np.testing.assert_allclose(table.inputs, np.full((3, 128), -0.05))
    np.testing.assert_allclose(table.target, embedding([0, 0.5, 1], [0, -1, 1]))


@pytest.mark.usefixtures("measured")
def test_scale_is_mapped(tmp_path: Path) -> None:
    """The official ratings of 1 to 9 once met an output in -1..1 unmapped."""
    save_sounds(tmp_path, ["2.mp3", "2001.mp3"])
    folder = tmp_path / "annotations" / "song_level"
    folder.mkdir(parents=True)
    header = "song_id, valence_mean, valence_std, arousal_mean\n"
    for part, row in (("1_2000", "2, 1.0, .5, 9.0\n"), ("2000_2058", "2001, 5.0, .5, 3.0\n")):
        path = folder / f"static_annotations_averaged_songs_{part}.csv"
        path.write_text(header + row)
    table = read(tmp_path)
    np.testing.assert_allclose(table.target, embedding([-1, 0], [1, -0.5]))


@pytest.mark.usefixtures("measured")
def test_unlabelled_and_missing_and_unreadable_sounds_are_left_out(tmp_path: Path) -> None:
    names = [f"{index}.wav" for index in range(8)]
    save_sounds(tmp_path, names)
    (tmp_path / "audio" / "0.wav").write_bytes(b"")
    rows = [f"{index},0,0" for index in (0, *range(2, 9))]
    (tmp_path / "labels.csv").write_text("\n".join(["filename,valence,arousal", *rows]))
    table = read(tmp_path)
    assert len(table.inputs) == 6
    assert list(table.left_out) == [
        "8 (no such item)",
        "0 (no readable sound: empty)",
        "1 (no label)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename,valence\na,0\n", r"labels\.csv must have the columns .* got no arousal"),
        (
            "filename,valence,arousal\na,0,0\nb,7,0\n",
            r"valence must be a number in -1\.\.1, got 7 for row 2 of labels\.csv \(values on the",
        ),
    ],
)
def test_broken_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    save_sounds(tmp_path, ["a.wav"])
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataFormatError, match=message):
        read(tmp_path)


@pytest.mark.parametrize("scale", [1.0, 80.0])
def test_ready_features_are_taken_over_or_scaled(tmp_path: Path, scale: float) -> None:
    mel = -np.random.default_rng(0).random((4, 128))
    table = read(save_features(tmp_path, scale * mel, np.array([0, 0.5, -0.5, 1])))
    np.testing.assert_allclose(table.inputs, mel)
    np.testing.assert_allclose(table.target, embedding([0, 0.5, -0.5, 1], np.zeros(4)))


def test_ready_features_above_zero_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"mel must lie in -80\.\.0 dB .* got 3 to 3 in fea"):
        read(save_features(tmp_path, np.full((4, 128), 3.0), np.zeros(4)))


def test_ready_ratings_of_another_scale_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"got 6\.0 for row 1 of features\.npz \(values on"):
        read(save_features(tmp_path, np.full((2, 128), -0.5), np.array([0, 6.0])))


def test_directory_without_sound_names_all_that_was_sought(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"emotion\.npz or features\.npz or audio/ with"):
        read(tmp_path)


def save_tone(path: Path, frequency_hz: float, seconds: float, rate_hz: int = 22_050) -> Path:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    samples = np.round(2**14 * np.sin(2 * np.pi * frequency_hz * time_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
    return path


@pytest.mark.filterwarnings("ignore")  # of the libraries that librosa brings along
@pytest.mark.slow
def test_features_lie_in_minus_one_to_zero(tmp_path: Path) -> None:
    """They once stayed in dB, since a rule for their scale never held."""
    pytest.importorskip("librosa")
    low, high = (
        features(save_tone(tmp_path / f"{pitch}.wav", pitch, 2.0)) for pitch in (220, 3000)
    )
    for found in (low, high):
        assert found.shape == (128,)
        assert -1 <= found.min() < found.max() <= 0
    assert low.argmax() < high.argmax()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_unreadable_sound_is_named(tmp_path: Path) -> None:
    pytest.importorskip("librosa")
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(DataFormatError, match="no readable sound"):
        features(tmp_path / "a.wav")
