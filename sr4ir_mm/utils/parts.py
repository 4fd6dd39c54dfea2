"""A batch in parts that are passed one after the other, so that memory holds what a part needs."""

from __future__ import annotations

import math

#: Pixels of the images that are passed together on the CPU: fewer make convolutions slow, more take memory.
PIXELS_AT_ONCE = 320**2


def even_slices(count: int, at_once: int) -> list[slice]:
    """Rows 0 to ``count`` in as few parts of at most ``at_once`` as it takes, about equally long."""
    parts = max(-(-count // at_once), 1)
    edges = [count * part // parts for part in range(parts + 1)]
    return [slice(begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True)]


def image_slices(count: int, height: int, width: int) -> list[slice]:
    """Rows of a batch of images of that size, of about :data:`PIXELS_AT_ONCE` pixels each."""
    return even_slices(count, math.ceil(PIXELS_AT_ONCE / (height * width)))
