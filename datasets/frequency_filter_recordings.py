"""A user's own raw series (layout B): one ``.npz`` file a recording. K tones, N samples."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from datasets.contract import DataFormatError
from datasets.frequency_filter_files import SERIES_FILES, read_arrays, scalar
from datasets.frequency_filter_signal import Array, Series, check_tones

VALIDATION_FILE = "frequency_data_val.npz"
VALIDATION_SHARE = 0.2
KEYS = ("x", "S", "frequencies", "phases", "noise_std", "sampling_rate", "seed")
NOISE_TOLERANCE = 0.1  # of the stated level; 10,000 samples tell theirs to 1 %


def read_recordings(root: Path, gap_samples: int) -> dict[str, Series]:
    """Read and check the recordings of a directory.

    Args:
        root: Directory of the files.
        gap_samples: Left out before the validation samples, if those are the last fifth of the
            training recording for want of a file of their own: no window reaches across.

    Returns:
        The series of ``train``, ``validation`` and ``test``.

    Raises:
        DataFormatError: If a file breaks a rule of the format, two carry the same noise, or they
            differ in their tones.
    """
    files = dict(SERIES_FILES)
    if (root / VALIDATION_FILE).is_file():
        files["validation"] = VALIDATION_FILE
    arrays = {part: _read(root / file) for part, file in files.items()}
    for (first, one), (second, other) in combinations(arrays.items(), 2):
        if scalar(one, "seed", files[first]) == scalar(other, "seed", files[second]):
            raise DataFormatError(
                f"{first} and {second} must carry different noise, got seed "
                f"{one['seed'].item()} twice"
            )
        if not np.array_equal(one["frequencies"], other["frequencies"]):
            raise DataFormatError(
                f"{first} and {second} must carry the same frequencies, got "
                f"{one['frequencies'].tolist()} and {other['frequencies'].tolist()}"
            )
    series = {part: _series(arrays[part], files[part]) for part in files}
    if "validation" not in series:
        series["train"], series["validation"] = _divided(series["train"], gap_samples)
    return series


def _read(path: Path) -> dict[str, Array]:
    """Read the arrays of one recording, the targets last."""
    arrays = read_arrays(path, KEYS)
    rate_hz = scalar(arrays, "sampling_rate", path.name)
    frequencies_hz, phases_rad = arrays["frequencies"].ravel(), arrays["phases"].ravel()
    check_tones(frequencies_hz.tolist(), phases_rad.tolist(), rate_hz, path.name)
    targets = [f"target{number + 1}" for number in range(len(frequencies_hz))]
    return arrays | read_arrays(path, targets)


def _series(arrays: dict[str, Array], file: str) -> Series:
    """Check one recording's axes, and whether its noise is what it says."""
    num_samples = arrays["x"].size
    targets = [key for key in arrays if key.startswith("target")]
    for key in ("x", "S", *targets):
        if arrays[key].shape != (num_samples,) or num_samples < 2:
            raise DataFormatError(
                f"{key} must have one value a sample of x, at least 2, got shapes "
                f"{arrays[key].shape} and {arrays['x'].shape} in {file}"
            )
    mixture = arrays["S"].astype(np.float64)
    tones = np.stack([arrays[key] for key in targets]).astype(np.float64)
    noise_std, level = scalar(arrays, "noise_std", file), (mixture - tones.mean(axis=0)).std()
    known = noise_std > 0 and abs(level / noise_std - 1) <= NOISE_TOLERANCE
    return Series(
        mixture=mixture,
        tones=tones,
        frequencies_hz=arrays["frequencies"].ravel().tolist(),
        sample_rate_hz=_sample_rate_hz(arrays, file),
        noise_std=noise_std if known else None,
    )


def _sample_rate_hz(arrays: dict[str, Array], file: str) -> float:
    """Return the rate of the samples as they are, after comparing it with the stated one."""
    x, stated_hz = arrays["x"].astype(np.float64), scalar(arrays, "sampling_rate", file)
    spacings_s, spacing_s = np.diff(x), (x[-1] - x[0]) / (len(x) - 1)
    rounding_s = np.spacing(np.abs(arrays["x"]).max())  # .1 % at 10 s, if stored as float32
    # 1 %: the original project's linspace gives 10/9999 s at a stated 1000 Hz
    if abs(spacing_s * stated_hz - 1) > 0.01:
        raise DataFormatError(
            f"x must be spaced by 1/sampling_rate within 1 %, got {spacing_s:g} s at "
            f"{stated_hz:g} Hz in {file}"
        )
    worst = int(np.argmax(np.abs(spacings_s - spacing_s)))
    if abs(spacings_s[worst] - spacing_s) > 0.001 * spacing_s + rounding_s:
        raise DataFormatError(
            f"x must be uniform within 0.1 %, got a step of {spacings_s[worst]:g} s after index "
            f"{worst} instead of {spacing_s:g} s in {file}"
        )
    return 1 / float(spacing_s)


def _divided(series: Series, gap_samples: int) -> tuple[Series, Series]:
    """Cut off the last fifth for validation, with a gap before it."""
    start = round((1 - VALIDATION_SHARE) * len(series.mixture))
    return _slice(series, slice(max(start - gap_samples, 0))), _slice(series, slice(start, None))


def _slice(series: Series, samples: slice) -> Series:
    """Keep some consecutive samples."""
    return replace(series, mixture=series.mixture[samples], tones=series.tones[:, samples])
