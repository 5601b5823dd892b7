"""Data of ``edc``: 16 room features and the energy decay curve that belongs to them."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets import edc_rooms, edc_store, scaling, splits
from datasets.cache import fingerprint, prepared
from datasets.contract import Data, DataFormatError, Part
from datasets.edc_features import with_physics
from datasets.edc_files import Recording, convert
from datasets.edc_table import Table

FEATURE_SETS = ("raw", "physics")

_MENDED = {
    "renormalised": "curves did not start at 1 and were divided by their start",
    "cut": "curves had more than file_samples points and were cut",
    "padded": "curves had fewer than file_samples points and were padded with zeros",
    "curves_without_row": "curves had no row and were left out",
    "rows_without_curve": "rows had no curve and were left out",
}


def load(  # noqa: PLR0913  the signature is the schema of data/
    root: Path | None = None,
    *,
    size: str = "default",
    layout: str = "free",
    seed: int = 0,
    file_rate_hz: int = 48_000,
    file_samples: int = 96_000,
    decimate: int = 48,
    allow_partial: bool = False,
    max_samples: int | None = None,
    points_per_second: int = 500,
    features: str = "raw",
    scaler_y: str = "none",
    split: str = "geometry",
    split_seed: int = 0,
) -> Data:
    """Load rooms and decay curves; inputs and curves are not scaled.

    The parts hold ``inputs`` ``[N, 16]`` (``[N, 48]`` with physics) and ``curve`` ``[N, T]``,
    linear. The facts hold what scales them, fitted on the training rows: ``feature_mean`` and
    ``feature_std`` ``[F]``, ``curve_shift`` and ``curve_scale`` ``[T]``; and ``num_features``,
    ``num_samples`` and ``sample_rate_hz`` of the curves as loaded.

    Args:
        root: A prepared ``.h5`` file, or a folder that holds one CSV and ``EDC/*.npy``; without
            it, the embedded rooms.
        size: Embedded rooms: ``default``, ``fast`` or ``tiny``.
        layout: Embedded rooms: ``free`` or ``grid``.
        seed: Embedded rooms: data seed.
        file_rate_hz: Folder: points per second in the ``.npy`` files.
        file_samples: Folder: points a curve; longer ones are cut, shorter ones padded.
        decimate: Folder: every how manieth point is kept.
        allow_partial: Folder: leave out curves without row and rows without curve.
        max_samples: Keep only the first rows.
        points_per_second: Thin the curves to this rate, unless they have fewer points.
        features: ``raw``, or ``physics`` with columns of closed-form acoustics.
        scaler_y: Fit of ``curve_shift`` and ``curve_scale`` for each time point: ``none``,
            ``standard``, ``minmax`` or ``robust``.
        split: What lies wholly on one side: ``geometry``, ``material`` or, as published, only
            the single row (``random``).
        split_seed: Seed of the split.

    Returns:
        Training and validation part.

    Raises:
        FileNotFoundError: If ``root`` or what it must hold is absent.
        DataFormatError: If a file breaks a rule.
        ValueError: If an option is unknown or does not fit the data.
    """
    if root is None:
        path = _generated(size, layout, seed)
    elif root.suffix == ".h5":
        path = root
    else:
        path = _converted(root, Recording(file_rate_hz, file_samples, decimate, allow_partial))
    table = edc_store.read(path).head(max_samples).thinned(points_per_second)
    inputs = _inputs(table, features)
    train, validation, test = _rows(table, split, split_seed)
    columns = {"inputs": torch.from_numpy(inputs), "curve": torch.from_numpy(table.curves)}

    def fit(rows: Tensor) -> dict[str, Any]:
        learnt = rows.numpy()
        return _facts(inputs[learnt], table.curves[learnt], scaler_y, table.sample_rate_hz)

    return Data(
        train=Part(columns, torch.from_numpy(train), table.ids),
        validation=Part(columns, torch.from_numpy(validation), table.ids),
        facts=fit(torch.from_numpy(train)),
        record={
            **table.config,
            "split": split,
            "split_seed": split_seed,
            "rows": {"train": len(train), "validation": len(validation), "test": len(test)},
            "fingerprint": _fingerprint(table, split, split_seed),
            "warnings": _warnings(table, split),
        },
        groups=_groups(table, split),
        fit=fit,
    )


def load_test(root: Path | None = None, **data: Any) -> Part:
    """Load the rows that ``load``, called with the same arguments, leaves out."""
    known = load(root, **data)
    columns = known.train.columns
    left_out = torch.ones(len(columns["inputs"]), dtype=torch.bool)
    left_out[known.train.rows] = False
    left_out[known.validation.rows] = False
    return Part(columns, left_out.nonzero().squeeze(1), known.train.ids)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert a folder of curves and a CSV of features to one prepared file."""
    parser = argparse.ArgumentParser(prog="python -m datasets.edc", description=main.__doc__)
    parser.add_argument("curves_dir", type=Path, help="folder of RIR_<room>_case<case>_edc.npy")
    parser.add_argument("features_csv", type=Path, help="table of room features, one row a curve")
    parser.add_argument("out", type=Path, help="prepared file to write, .h5")
    parser.add_argument("--file-rate-hz", type=int, default=Recording.rate_hz)
    parser.add_argument("--file-samples", type=int, default=Recording.num_samples)
    parser.add_argument("--decimate", type=int, default=Recording.decimate)
    parser.add_argument("--allow-partial", action="store_true")
    asked = parser.parse_args(argv)
    try:
        recording = Recording(
            asked.file_rate_hz, asked.file_samples, asked.decimate, asked.allow_partial
        )
        table = convert(asked.curves_dir, asked.features_csv, recording)
        partial = asked.out.with_suffix(".part")  # an interrupted run leaves no half of a file
        edc_store.write(partial, table)
        partial.replace(asked.out)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"{asked.out}: {len(table)} curves at {table.sample_rate_hz} points per second")
    return 0


def _generated(size: str, layout: str, seed: int) -> Path:
    recipe = {"size": size, "layout": layout, "seed": seed}
    versions = {"rooms": edc_rooms.VERSION, "store": edc_store.VERSION}
    return prepared(
        "edc",
        recipe | versions,
        lambda path: edc_store.write(path, edc_rooms.generate(size, layout, seed)),
    )


def _converted(root: Path, recording: Recording) -> Path:
    """Convert a folder once; it is converted again when a file in it changes."""
    tables = sorted(root.glob("*.csv"))
    if not tables:
        raise FileNotFoundError(
            f"{root} must be a prepared .h5 file or a folder that holds one CSV of room features "
            "and EDC/*.npy, got no CSV there"
        )
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DataFormatError(f"{root} must hold one CSV of room features, got {names}")
    curves_dir = root / "EDC"
    stats = {path.name: path.stat() for path in (tables[0], *sorted(curves_dir.glob("*.npy")))}
    recipe = {
        "files": {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()},
        "recording": asdict(recording),
        "store": edc_store.VERSION,
    }
    return prepared(
        "edc",
        recipe,
        lambda path: edc_store.write(path, convert(curves_dir, tables[0], recording)),
    )


def _inputs(table: Table, features: str) -> NDArray[np.float32]:
    if features not in FEATURE_SETS:
        raise ValueError(f"features must be one of {', '.join(FEATURE_SETS)}, got '{features}'")
    return table.features if features == "raw" else with_physics(table.features)


def _rows(table: Table, split: str, seed: int) -> tuple[splits.Rows, splits.Rows, splits.Rows]:
    if split == "geometry":
        return splits.by_group(table.geometry, seed, "geometries")
    if split == "material":
        return splits.by_group(table.material, seed, "sets of materials")
    if split == "random":
        return splits.by_row(len(table), seed)
    raise ValueError(f"split must be one of geometry, material, random, got '{split}'")


def _groups(table: Table, split: str) -> Tensor | None:
    """Return what the split keeps together."""
    groups = {"geometry": table.geometry, "material": table.material}
    return torch.from_numpy(groups[split]) if split in groups else None


def _facts(
    inputs: NDArray[np.float32], curves: NDArray[np.float32], scaler_y: str, rate_hz: int
) -> dict[str, Any]:
    """Say what the training rows tell the model."""
    feature_mean, feature_std = scaling.fit(inputs, "standard")
    curve_shift, curve_scale = scaling.fit(curves, scaler_y)
    return {
        "num_features": inputs.shape[1],
        "num_samples": curves.shape[1],
        "sample_rate_hz": float(rate_hz),
        "feature_mean": torch.from_numpy(feature_mean),
        "feature_std": torch.from_numpy(feature_std),
        "curve_shift": torch.from_numpy(curve_shift),
        "curve_scale": torch.from_numpy(curve_scale),
    }


def _fingerprint(table: Table, split: str, split_seed: int) -> str:
    """Hash what the rows are, but not how they are shown to a model, which may be searched."""
    shape = [len(table), table.sample_rate_hz]
    return fingerprint({"content": [table.digest, *shape], "split": [split, split_seed]})


def _warnings(table: Table, split: str) -> list[str]:
    found = [
        f"{table.config[key]} {text}" for key, text in _MENDED.items() if table.config.get(key)
    ]
    if split == "random":
        found.append("rows of one room lie in all parts of the random split")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
