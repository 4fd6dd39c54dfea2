"""Batches of one orientation: as many as announced, on every process."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.datasets import AspectRatioBatchSampler as OfMMDet
from mmengine.dataset import DefaultSampler

from sr4ir_mm.datasets import AspectRatioBatchSampler


class Images:
    """Landscapes where the flag is set, else portraits."""

    def __init__(self, flags):
        self.flags = flags

    def __len__(self):
        return len(self.flags)

    def get_data_info(self, index):
        return dict(width=4, height=3) if self.flags[index] else dict(width=3, height=4)


def batches(kind, flags, batch_size, drop_last, rank=0, ranks=1):
    with patch('mmengine.dataset.sampler.get_dist_info', lambda: (rank, ranks)):
        sampler = DefaultSampler(Images(flags), shuffle=True, seed=3)
    batch_sampler = kind(sampler, batch_size, drop_last)
    return list(batch_sampler), len(batch_sampler)


@settings(max_examples=200, deadline=None)
@given(
    flags=st.lists(st.booleans(), min_size=1, max_size=60),
    batch_size=st.integers(1, 7),
    drop_last=st.booleans(),
    ranks=st.integers(1, 8),
)
def test_every_process_yields_what_it_announces(flags, batch_size, drop_last, ranks):
    counts = set()
    for rank in range(ranks):
        found, announced = batches(
            AspectRatioBatchSampler, flags, batch_size, drop_last, rank, ranks
        )
        assert len(found) == announced
        assert not drop_last or all(len(batch) == batch_size for batch in found)
        counts.add(announced)
    assert len(counts) == 1


def test_it_groups_as_mmdet_does_and_keeps_the_full_left_over_batch():
    flags = [
        True,
        True,
        True,
        False,
    ] * 3  # batches of 4: 9 landscapes, 3 portraits, so 1 and 3 are left
    ours, announced = batches(AspectRatioBatchSampler, flags, 4, drop_last=True)
    theirs, counted = batches(OfMMDet, flags, 4, drop_last=True)
    assert announced == counted == len(ours) == 3
    assert len(theirs) == 2
    assert ours[:2] == theirs
    assert sorted(sum(ours, [])) == list(range(12))


@pytest.mark.parametrize('drop_last', [False, True])
def test_an_epoch_that_was_left_early_changes_nothing(drop_last):
    """Loops that count iterations leave a sampler in the middle."""
    sampler = DefaultSampler(Images([True, False, True] * 5), shuffle=False)
    batch_sampler = AspectRatioBatchSampler(sampler, 4, drop_last)
    whole = list(batch_sampler)
    next(iter(batch_sampler))
    assert list(batch_sampler) == whole
