"""Progress and time left."""

import io

from sr4ir_mm.utils import track as module
from sr4ir_mm.utils.track import clock, progress, track


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


def test_short_work_prints_nothing():
    stream = io.StringIO()

    assert list(track([1, 2, 3], 'counting', stream=stream)) == [1, 2, 3]
    assert stream.getvalue() == ''


def test_longer_work_tells_how_far_it_is_and_how_long_it_will_take(monkeypatch):
    stream, clock_ = io.StringIO(), Clock()
    monkeypatch.setattr(module, 'time', clock_)

    for _ in track(range(10), 'counting', stream=stream):
        clock_.now += 6

    lines = stream.getvalue().splitlines()
    assert lines[0] == 'counting 1/10, 0:06 gone, about 0:54 left'
    assert lines[1] == 'counting 3/10, 0:18 gone, about 0:42 left'


def test_without_a_total_there_is_no_time_left_to_tell():
    assert progress(3, None, 61) == '3/?, 1:01 gone'


def test_hours():
    assert clock(3723) == '1:02:03'
