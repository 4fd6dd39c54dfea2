"""Mixed precision as it stands, asked of this torch and as older ones are asked."""

from types import SimpleNamespace

import pytest
import torch

from sr4ir_mm.utils import autocast
from sr4ir_mm.utils.autocast import autocast_dtype, idle_scaler


def _of_cuda() -> bool:
    return False


@pytest.fixture(params=['this torch', 'torch before 2.4'])
def asked(request, monkeypatch):
    """Either way of asking."""
    if request.param != 'this torch':
        old = SimpleNamespace(
            is_autocast_enabled=_of_cuda,
            is_autocast_cpu_enabled=torch.is_autocast_cpu_enabled,
            get_autocast_cpu_dtype=torch.get_autocast_cpu_dtype,
        )
        monkeypatch.setattr(autocast, 'torch', old)


def test_type_of_the_context_that_is_entered(asked):
    assert autocast_dtype('cpu') is None
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert autocast_dtype('cpu') == torch.bfloat16
        assert autocast_dtype('cuda') is None
        with torch.autocast('cpu', enabled=False):
            assert autocast_dtype('cpu') is None
    assert autocast_dtype('cpu') is None


@pytest.mark.parametrize('old', [False, True])
def test_a_scaler_that_leaves_losses_as_they_are(old, monkeypatch):
    if old:
        monkeypatch.delattr(torch.amp, 'GradScaler', raising=False)
    loss = torch.tensor(2.0, requires_grad=True)
    scaler = idle_scaler()
    assert scaler.scale(loss) is loss
    assert not scaler.is_enabled()
