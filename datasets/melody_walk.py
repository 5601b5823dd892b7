"""The random walks that the original project trains on by default; for tests only.

There is nothing to learn beyond the step's distribution: entropy 1.523 nats a note.
"""

import random

from datasets.melody_tunes import VOCABULARY, Tune

LENGTH = 32
STEPS = (-2, -1, -1, 0, 0, 0, 1, 1, 2)


def random_walks(num_tunes: int, seed: int) -> list[Tune]:
    """Walk over the piano keys.

    Args:
        num_tunes: How many walks.
        seed: Of all of them.

    Returns:
        Walks of 32 notes, of no key.
    """
    rng = random.Random(seed)
    return [
        Tune(_walk(rng), number=str(number), source_file="random_walk")
        for number in range(num_tunes)
    ]


def _walk(rng: random.Random) -> tuple[int, ...]:
    tokens = [rng.randrange(VOCABULARY)]
    while len(tokens) < LENGTH:
        tokens.append(min(max(tokens[-1] + rng.choice(STEPS), 0), VOCABULARY - 1))
    return tuple(tokens)
