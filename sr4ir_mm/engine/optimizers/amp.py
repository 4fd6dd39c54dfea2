"""Mixed precision on accelerators and on the CPU."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper, OptimWrapper

from sr4ir_mm.registry import OPTIM_WRAPPERS
from sr4ir_mm.utils.autocast import idle_scaler
from sr4ir_mm.utils.errors import UserError


@OPTIM_WRAPPERS.register_module()
class MixedPrecisionOptimWrapper(AmpOptimWrapper):
    """mmengine's ``AmpOptimWrapper`` that also runs on the CPU (bfloat16) and counts the updates it skips.

    Without an accelerator the autocast type is bfloat16, whose range is that of float32: losses are not scaled.

    Args:
        loss_scale: mmengine's own; unused on the CPU.
        dtype: Type to cast to; None for the device's usual one (float16, on the CPU bfloat16).
        kwargs: mmengine's own.

    Attributes:
        skipped: Updates left out because of gradients that overflowed, since the start of the training.

    Raises:
        UserError: float16 on the CPU.
    """

    def __init__(
        self,
        loss_scale: str | float | dict = 'dynamic',
        dtype: str | torch.dtype | None = None,
        **kwargs: Any,
    ) -> None:
        if get_device() not in ('cpu', 'mps'):
            super().__init__(loss_scale, dtype, **kwargs)
        else:
            self._init_on_cpu(dtype, **kwargs)
        self.skipped = 0
        self._stepped = False
        self.optimizer.register_step_post_hook(self._note_step)

    def _init_on_cpu(self, dtype: str | torch.dtype | None, **kwargs: Any) -> None:
        """What mmengine's class sets, without its assertion that there is an accelerator."""
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise UserError(
                f'dtype={dtype!r} of {type(self).__name__} needs an accelerator; use bfloat16 on the CPU.'
            )
        kwargs.pop('use_fsdp', None)
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.loss_scaler = idle_scaler()
        self.cast_dtype = torch.bfloat16

    def _note_step(self, *unused: object) -> None:
        self._stepped = True

    def step(self, **kwargs: Any) -> None:
        """Update the parameters, unless a gradient overflowed."""
        self._stepped = False
        super().step(**kwargs)
        self.skipped += not self._stepped

    def state_dict(self) -> dict:
        """The state of optimizer, scaler and count."""
        return {**super().state_dict(), 'skipped_updates': self.skipped}

    def load_state_dict(self, state_dict: dict) -> None:
        """Load the state of optimizer, scaler and count."""
        state_dict = dict(state_dict)
        self.skipped = state_dict.pop('skipped_updates', 0)
        if not state_dict.get('loss_scaler', True):
            # Of a training on the CPU, where nothing is scaled; an active scaler would refuse it.
            state_dict.pop('loss_scaler')
        super().load_state_dict(state_dict)
