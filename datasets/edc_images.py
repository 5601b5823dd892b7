"""Energy decay curve of a box with uniform walls, from its lattice of mirror images.

    energy that arrives after t
      |____
      |    |__  direct sound, then image by image  :  mean density of images,
      |       |_                                   :  in closed form
      |         |_|_____                           :
      +--------------------------------------------:------------------------> t
      0                                          0.1 s

Allen & Berkley 1979 (image method), https://doi.org/10.1121/1.382599. Images that coincide after
few reflections add as pressures, all others as energies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPEED_OF_SOUND_M_S = 343.0
BANDS_HZ = 125.0 * 2.0 ** np.arange(7)
BAND_EDGES_HZ = np.concatenate(([0.0], BANDS_HZ[:-1] * np.sqrt(2), [24_000.0]))
BAND_WEIGHTS = np.diff(BAND_EDGES_HZ) / 24_000.0  # share of a white signal at 48 kHz
AIR_PER_M = np.array([1e-4, 3e-4, 6e-4, 1e-3, 1.9e-3, 5.8e-3, 20.3e-3])  # energy attenuation

_EXACT_S = 0.1  # images are counted one by one up to here
_END_S = 3.0  # no energy after it
_LATE_STEP_S = 0.01
_LATE_S = np.arange(10, 201) * _LATE_STEP_S
_COHERENT_REFLECTIONS = 3  # images with more add as energies even where they coincide
_SAME_PATH_M = 1e-5


@dataclass(frozen=True)
class Room:
    """A box with one source and one receiver; all in metres from one corner.

    Attributes:
        box: Length, width and height. Shape ``[3]``.
        source: Position of the source. Shape ``[3]``.
        receiver: Position of the receiver. Shape ``[3]``.
    """

    box: Floats
    source: Floats
    receiver: Floats

    @property
    def volume_m3(self) -> float:
        """Volume of the box."""
        return float(np.prod(self.box))

    @property
    def distance_m(self) -> float:
        """Distance between source and receiver."""
        return float(np.linalg.norm(self.source - self.receiver))


@dataclass(frozen=True)
class Images:
    """Mirror images of the source that are heard within the first 0.1 s.

    Attributes:
        distance_m: Distance from the receiver. Shape ``[num_images]``.
        reflections: Wall reflections on the way. Shape ``[num_images]``.
        group: Images of one group are equally far. Shape ``[num_images]``.
    """

    distance_m: Floats
    reflections: NDArray[np.int64]
    group: NDArray[np.int64]


def images(room: Room) -> Images:
    """Mirror the source in all walls, again and again.

    Args:
        room: Box, source and receiver.

    Returns:
        Every image within ``0.1 s`` of sound travel.
    """
    axes = [_axis(*edge) for edge in zip(room.box, room.source, room.receiver, strict=True)]
    offsets_m, reflections = zip(*axes, strict=True)
    distance_m = np.linalg.norm(np.meshgrid(*offsets_m, indexing="ij"), axis=0).ravel()
    count = np.sum(np.meshgrid(*reflections, indexing="ij"), axis=0).ravel()
    heard = distance_m <= SPEED_OF_SOUND_M_S * _EXACT_S
    group = np.rint(distance_m[heard] / _SAME_PATH_M).astype(np.int64)
    return Images(distance_m[heard], count[heard], group)


def decay_curves(
    room: Room,
    materials: Floats,
    sample_rate_hz: int,
    num_samples: int,
    air_per_m: Floats = AIR_PER_M,
) -> Floats:
    """Compute the energy still to arrive at each time, relative to all of it.

    Time 0 is the emission, so a curve stays at 1 until the direct sound arrives.

    Args:
        room: Box, source and receiver.
        materials: Absorption of the walls at 125 Hz .. 8 kHz. Shape ``[M, 7]``.
        sample_rate_hz: Points per second.
        num_samples: Points per curve; at most 2 s.
        air_per_m: Energy attenuation of air at 125 Hz .. 8 kHz. Shape ``[7]``.

    Returns:
        Energy decay curves, linear, from 1 downwards. Shape ``[M, num_samples]``.

    Raises:
        ValueError: If the curves are longer than 2 s.
    """
    times_s = np.arange(num_samples) / sample_rate_hz
    if times_s[-1] > _LATE_S[-1]:
        raise ValueError(f"a curve must end within {_LATE_S[-1]:g} s, got {times_s[-1]:g} s")
    num_early = int(np.count_nonzero(times_s < _EXACT_S))
    # a dead room loses more in 2 s than a float can hold
    log_late = np.log(np.maximum(_late(room, materials, air_per_m), np.finfo(float).tiny))
    early = _early(room, materials, air_per_m, sample_rate_hz)[:, :num_early]
    early += np.exp(log_late[:, :1])
    late = [np.exp(np.interp(times_s[num_early:], _LATE_S, row)) for row in log_late]
    energy: Floats = np.hstack((early, late))
    return energy / energy[:, :1]


def _axis(length_m: float, source_m: float, receiver_m: float) -> tuple[Floats, Floats]:
    reach = int(np.ceil(SPEED_OF_SOUND_M_S * _EXACT_S / (2 * length_m))) + 1
    j = np.arange(-reach, reach + 1)
    shift_m = 2 * j * length_m - receiver_m
    offset_m = np.concatenate((shift_m + source_m, shift_m - source_m))
    return offset_m, np.concatenate((np.abs(2 * j), np.abs(2 * j - 1)))


def _early(room: Room, materials: Floats, air_per_m: Floats, sample_rate_hz: int) -> Floats:
    """Sum the images not yet heard at each sample of the first 0.1 s, for all materials.

    An image's energy is a product of a part that depends on the room and of
    ``(1 - absorption) ** reflections``, so the rooms' parts are added up per sample and number of
    reflections once, and all materials follow in one matrix product.
    """
    heard = images(room)
    first, second, weight = _coherent_pairs(heard)
    distance_m = heard.distance_m[:, None]
    pressure = (
        np.sqrt(BAND_WEIGHTS) * np.exp(-air_per_m * distance_m / 2) / (4 * np.pi * distance_m)
    )
    energy = weight[:, None] * pressure[first] * pressure[second]

    num_samples = int(np.ceil(_EXACT_S * sample_rate_hz))
    arrival = heard.distance_m[first] / SPEED_OF_SOUND_M_S * sample_rate_hz
    sample = np.minimum(arrival.astype(np.int64), num_samples - 1)
    hits = heard.reflections[first] + heard.reflections[second]
    arriving = np.zeros((num_samples, hits.max() + 1, len(BAND_WEIGHTS)))
    np.add.at(arriving, (sample, hits), energy)

    half_orders = np.arange(hits.max() + 1)[:, None, None] / 2
    kept = (1 - materials.T) ** half_orders
    outstanding = np.cumsum(arriving[::-1], axis=0)[::-1]
    energy_of_sets: Floats = np.tensordot(kept, outstanding, axes=([0, 1], [1, 2]))
    return energy_of_sets


def _coherent_pairs(heard: Images) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """List the products of two pressures whose sum is the energy.

    Every image with itself; and, twice, every two of a group that add as pressures:
    ``(p + q)^2 = p^2 + q^2 + 2 p q``.
    """
    every = np.arange(len(heard.group))
    low = np.flatnonzero(heard.reflections <= _COHERENT_REFLECTIONS)
    same = np.triu(heard.group[low, None] == heard.group[low], k=1)
    one, other = (low[index] for index in np.nonzero(same))
    weight = np.concatenate((np.ones(len(every)), np.full(len(one), 2.0)))
    return np.concatenate((every, one)), np.concatenate((every, other)), weight


def _directions() -> tuple[Floats, Floats]:
    """Spread unit vectors over one octant, with weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    cosine, azimuth = np.meshgrid((nodes + 1) / 2, (nodes + 1) * np.pi / 4, indexing="ij")
    sine = np.sqrt(1 - cosine**2)
    unit = np.stack((sine * np.cos(azimuth), sine * np.sin(azimuth), cosine))
    share = np.outer(weights, weights)
    return unit.reshape(3, -1), share.ravel() / share.sum()


def _late(room: Room, materials: Floats, air_per_m: Floats) -> Floats:
    """Integrate the mean energy flow from each of ``_LATE_S`` to 3 s, for all materials."""
    unit, share = _directions()
    hits_per_m = (unit / room.box[:, None]).sum(axis=0)
    lost_per_hit = -np.log1p(-materials)[:, :, None]
    decay_per_s = SPEED_OF_SOUND_M_S * (lost_per_hit * hits_per_m + air_per_m[:, None])
    density = SPEED_OF_SOUND_M_S / (4 * np.pi * room.volume_m3)
    energy = (density * BAND_WEIGHTS[:, None] * share / decay_per_s).reshape(len(materials), -1)
    decay_per_s = decay_per_s.reshape(energy.shape)

    end = (energy * np.exp(-decay_per_s * _END_S)).sum(axis=1)
    energy *= np.exp(-decay_per_s * _EXACT_S)
    step = np.exp(-decay_per_s * _LATE_STEP_S)  # products take a third of the time of exps
    late = np.empty((len(materials), len(_LATE_S)))
    for column in range(len(_LATE_S)):
        late[:, column] = energy.sum(axis=1) - end
        energy *= step
    return late
