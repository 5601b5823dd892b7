"""The embedded ``edc`` data: boxes with uniform walls, drawn from a seed and never published.

Random numbers come only from ``numpy.random.default_rng(list).random(n)``, so every room and every
set of materials depends on the data seed and on its own number alone.
"""

import numpy as np

from datasets.edc_images import Floats, Room, decay_curves
from datasets.edc_table import Table

VERSION = 1
LAYOUTS = ("free", "grid")
SIZES = {"default": (200, 30, 1000), "fast": (50, 30, 500), "tiny": (8, 6, 250)}
"""Rooms, sets of materials and points per second of each size."""

_DURATION_S = 2

# Absorption at 125 Hz .. 8 kHz, of typical textbook magnitude.
_HARD = np.array(
    [
        [0.06, 0.05, 0.04, 0.04, 0.04, 0.04, 0.04],  # painted block
        [0.10, 0.06, 0.04, 0.03, 0.03, 0.03, 0.03],  # plaster
        [0.20, 0.10, 0.06, 0.04, 0.04, 0.05, 0.05],  # gypsum board
        [0.25, 0.18, 0.12, 0.08, 0.05, 0.04, 0.03],  # window glass
        [0.15, 0.11, 0.10, 0.07, 0.06, 0.07, 0.06],  # wood floor
        [0.28, 0.22, 0.17, 0.10, 0.10, 0.11, 0.08],  # plywood panel
    ]
)
_SOFT = np.array(
    [
        [0.08, 0.24, 0.57, 0.69, 0.71, 0.73, 0.65],  # carpet on pad
        [0.05, 0.10, 0.20, 0.37, 0.60, 0.65, 0.60],  # carpet on concrete
        [0.14, 0.35, 0.55, 0.72, 0.70, 0.65, 0.60],  # curtain
        [0.25, 0.60, 0.90, 0.95, 0.92, 0.90, 0.85],  # mineral wool, 50 mm
        [0.40, 0.50, 0.65, 0.75, 0.75, 0.65, 0.55],  # ceiling tile
        [0.25, 0.40, 0.60, 0.70, 0.72, 0.68, 0.60],  # upholstered seats
    ]
)


def room(number: int, layout: str = "free", seed: int = 0) -> Room:
    """Draw one geometry whose source and receiver are 1 to 4 m apart.

    Args:
        number: Number of the geometry, from 0.
        layout: ``free`` places everything to the centimetre; ``grid`` on the raster of the
            published table, with source and receiver 1.5 m high.
        seed: Data seed.

    Returns:
        The room, rounded to centimetres.

    Raises:
        ValueError: If ``layout`` is unknown.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got '{layout}'")
    place = _free_room if layout == "free" else _grid_room
    generator = np.random.default_rng([seed, 1, number])
    while True:
        drawn = place(generator.random(9))
        if 1 <= drawn.distance_m <= 4:
            return drawn


def absorption(number: int, count: int, seed: int = 0) -> Floats:
    """Draw one set of wall materials: a hard and a soft surface, mixed.

    The share of the soft surface grows with ``number``, so the sets run from live to dead.

    Args:
        number: Number of the set, from 0.
        count: How many sets there are.
        seed: Data seed.

    Returns:
        Absorption at 125 Hz .. 8 kHz, the same on every wall. Shape ``[7]``.
    """
    u = np.random.default_rng([seed, 2, number]).random(8)
    hard = u[2] * _HARD[int(6 * u[0])] + (1 - u[2]) * _HARD[int(6 * u[1])]
    soft = u[5] * _SOFT[int(6 * u[3])] + (1 - u[5]) * _SOFT[int(6 * u[4])]
    share = 0.95 * ((number + u[6]) / count) ** 1.5
    mixed = (1 - share) * hard + share * soft
    mixed[6] *= 0.15 + 0.85 * u[7]
    alpha: Floats = np.clip(np.round(mixed, 2), 0.01, 0.95)
    return alpha


def generate(size: str = "default", layout: str = "free", seed: int = 0) -> Table:
    """Compute the decay curve of every room with every set of materials.

    Args:
        size: ``default`` (6000 rows), ``fast`` (1500) or ``tiny`` (48).
        layout: See ``room``.
        seed: Data seed.

    Returns:
        The table; row = room * number of material sets + material set.

    Raises:
        ValueError: If ``size`` or ``layout`` is unknown.
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got '{size}'")
    num_rooms, num_materials, rate_hz = SIZES[size]
    rooms = [room(number, layout, seed) for number in range(num_rooms)]
    materials = np.array([absorption(m, num_materials, seed) for m in range(num_materials)])
    curves = np.empty((num_rooms, num_materials, _DURATION_S * rate_hz), np.float32)
    for drawn, block in zip(rooms, curves, strict=True):
        block[:] = decay_curves(drawn, materials, rate_hz, block.shape[1])
    geometries = np.array([np.concatenate((r.box, r.source, r.receiver)) for r in rooms])
    return Table.of(
        ids=[f"room{g:03d}_set{m:02d}" for g in range(num_rooms) for m in range(num_materials)],
        features=np.hstack(
            (np.repeat(geometries, num_materials, axis=0), np.tile(materials, (num_rooms, 1)))
        ),
        curves=curves.reshape(-1, curves.shape[2]),
        sample_rate_hz=rate_hz,
        config={"source": "generated", "size": size, "layout": layout, "seed": seed},
    )


def _free_room(u: Floats) -> Room:
    box = np.round([3 + u[0], 3 + 3 * u[1], 2.5 + 1.5 * u[2]], 2)
    highest = np.array([box[0] - 1, box[1] - 1, min(box[2] - 1, 1.8)])
    source = np.round(1 + u[3:6] * (highest - 1), 2)
    receiver = np.round(1 + u[6:9] * (highest - 1), 2)
    return Room(box, source, receiver)


def _grid_room(u: Floats) -> Room:
    box = np.array([3, 3, 2.5]) + 0.5 * np.floor(np.array([3, 7, 4]) * u[:3])
    places = np.floor((box[:2] - 2) / 0.2 + 1e-9) + 1  # 0.2 m apart, 1 m off the walls
    source = np.append(1 + 0.2 * np.floor(places * u[3:5]), 1.5)
    receiver = np.append(1 + 0.2 * np.floor(places * u[6:8]), 1.5)
    return Room(box, source, receiver)
