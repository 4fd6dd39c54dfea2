"""Batches of images of one orientation."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import BatchSampler

from sr4ir_mm.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class AspectRatioBatchSampler(BatchSampler):
    """Group images into batches of portraits and batches of landscapes; left-over ones of both come last.

    It groups as mmdet's sampler of that name and always yields as many batches as ``len`` says, which depends on the
    number of indices alone. mmdet's drops a full left-over batch with ``drop_last``, which its ``len`` counts: on one
    process the epoch is then an iteration short, and of several processes, whose orientations differ, some wait for the
    others for ever.

    Args:
        sampler: Yields indices; its ``dataset`` tells width and height by ``get_data_info``.
        batch_size: Images in a batch.
        drop_last: Whether to drop a last batch that is not full.
    """

    def __iter__(self) -> Iterator[list[int]]:
        portraits: list[int] = []
        landscapes: list[int] = []
        for index in self.sampler:
            info = self.sampler.dataset.get_data_info(index)
            group = portraits if info['width'] < info['height'] else landscapes
            group.append(index)
            if len(group) == self.batch_size:
                yield group[:]
                group.clear()
        left_over = portraits + landscapes
        for start in range(0, len(left_over), self.batch_size):
            batch = left_over[start : start + self.batch_size]
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch
