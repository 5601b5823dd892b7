"""Rows for training, validation and test, 60/20/20, and for folds; fixed by a seed."""

import numpy as np
from numpy.typing import NDArray

from datasets.contract import DataFormatError

Rows = NDArray[np.int64]


def by_group(groups: Rows, seed: int = 0, kind: str = "groups") -> tuple[Rows, Rows, Rows]:
    """Deal whole groups, so that no group lies on two sides.

    Args:
        groups: Number of each row's group. Shape ``[N]``.
        seed: Seed of the order in which the groups are dealt.
        kind: What the groups are, for the message.

    Returns:
        Rows of the training, validation and test part, each in ascending order.

    Raises:
        DataFormatError: If there are fewer than 3 groups, one for each part.
    """
    names = np.unique(groups)
    _check_count(len(names), kind)
    order = _shuffled(names, [seed, 3])
    # of 3 groups every part gets one; from 4 on, rounding does the same by itself
    train = min(int(0.6 * len(names) + 0.5), len(names) - 2)
    validation = min(int(0.8 * len(names) + 0.5), len(names) - 1)
    dealt = np.split(order, [train, validation])
    first, second, third = (np.flatnonzero(np.isin(groups, part)) for part in dealt)
    return first, second, third


def by_row(num_rows: int, seed: int = 0) -> tuple[Rows, Rows, Rows]:
    """Deal single rows, as the published training of ``edc`` does; seed 0 is its split.

    Args:
        num_rows: Rows to deal.
        seed: 0 for the published split.

    Returns:
        Rows of the training, validation and test part, each in the order they were dealt.

    Raises:
        DataFormatError: If there are fewer than 3 rows, one for each part.
    """
    _check_count(num_rows, "rows")
    num_test = -(-num_rows // 5)
    published = 42
    dealt = np.random.RandomState(published + seed).permutation(num_rows)
    test, rest = dealt[:num_test], dealt[num_test:]
    order = np.random.RandomState(published + seed).permutation(len(rest))
    num_validation = -(-len(rest) // 4)
    return rest[order[num_validation:]], rest[order[:num_validation]], test


def into_folds(groups: Rows, count: int, seed: int = 0) -> list[Rows]:
    """Deal whole groups into folds of as many groups each, or one less.

    Args:
        groups: Number of each row's group; rows below 0 lie in no fold. Shape ``[N]``.
        count: Number of folds.
        seed: Seed of the order in which the groups are dealt.

    Returns:
        Rows of each fold, in ascending order.

    Raises:
        DataFormatError: If there are fewer groups than folds.
    """
    names = np.unique(groups[groups >= 0])
    if len(names) < count:
        raise DataFormatError(
            f"{count} folds need at least {count} groups of rows that share nothing with each "
            f"other, got {len(names)}"
        )
    dealt = np.array_split(_shuffled(names, [seed, 5]), count)
    return [np.flatnonzero(np.isin(groups, fold)) for fold in dealt]


def _shuffled(names: Rows, seed: list[int]) -> Rows:
    draws = np.random.default_rng(seed).random(len(names))
    return names[np.argsort(draws, kind="stable")]


def _check_count(count: int, kind: str) -> None:
    if count < 3:
        raise DataFormatError(f"a split needs at least 3 {kind}, one for each part, got {count}")
