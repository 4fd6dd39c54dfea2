"""What the tests of the loops share."""

import pytest

from tests import toy_runs


@pytest.fixture
def loaded(monkeypatch):
    """Numbers of the images in the order in which trainings load them."""
    numbers = []
    pack = toy_runs.PackToy.__call__

    def noted(self, results):
        numbers.append(results['index'])
        return pack(self, results)

    monkeypatch.setattr(toy_runs.PackToy, '__call__', noted)
    return numbers
