"""One optimizer for each trained network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from mmengine.dist import all_reduce
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as ROOT_CONSTRUCTORS
from torch import Tensor, nn

from sr4ir_mm.engine.optimizers.updates import (
    add_gradients,
    drop_gradients,
    has_scaler,
    share_loss_scaler,
    update_together,
)
from sr4ir_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import unwrap

_DEFAULT_CONSTRUCTOR = DefaultOptimWrapperConstructor.__name__


class NamedOptimWrapperDict(OptimWrapperDict):
    """``OptimWrapperDict`` with one update for several networks.

    It keeps gradient accumulation right and refuses checkpoints of other networks.

    Attributes:
        put_back: Called where an update whose loss is not finite is left out, see :class:`StopOnInvalidLossHook`; None
            leaves out none.
    """

    put_back: Callable[[], None] | None = None
    _invalid = False

    @contextmanager
    def context(self, nets: Mapping[str, nn.Module], last: bool) -> Iterator[None]:
        """Mixed precision and synchronisation of the networks while a part of their loss is computed.

        Args:
            nets: The networks that the loss trains, in their distributed wrappers if they have such.
            last: Whether it is the last part before the update; only then do processes exchange gradients.
        """
        with ExitStack() as contexts:
            for name, net in nets.items():
                contexts.enter_context(self[name].optim_context(net))
                if not last and hasattr(net, 'no_sync'):
                    contexts.enter_context(net.no_sync())
            yield

    def backward(self, total: Tensor, names: Sequence[str], last: bool = True) -> dict[str, Tensor]:
        """The backward pass of a part of the loss and, after the last one, one update of the networks it trains.

        Args:
            total: Scalar loss.
            names: Networks that it trains.
            last: Whether no other part follows before the update.

        Returns:
            Gradient norms, named ``<net>/grad_norm``, where gradients are clipped and this call did step.
        """
        wrappers = {name: self[name] for name in names}
        if self.put_back is not None and self._is_invalid(total, last):
            if last:
                drop_gradients(wrappers)
                self.put_back()
            return {}
        if last:
            return update_together(total, wrappers)
        add_gradients(total, wrappers[names[0]])
        return {}

    def _is_invalid(self, total: Tensor, last: bool) -> bool:
        """Whether a part of this iteration's loss has not been finite, after the last part in any process.

        All processes have to leave out the same updates, or they would wait for each other's gradients.
        """
        self._invalid = self._invalid or not bool(torch.isfinite(total))
        if not last:
            return self._invalid
        flag = torch.tensor(float(self._invalid), device=total.device)
        all_reduce(flag, 'max')
        self._invalid = False
        return bool(flag)

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Tell every wrapper the iteration range; the base class does nothing, and would lose the last gradients."""
        for name, wrapper in self.optim_wrappers.items():
            wrapper.initialize_count_status(getattr(unwrap(model), name), cur_iter, max_iters)

    def load_state_dict(self, state_dict: dict) -> None:
        """Load every wrapper's state.

        Raises:
            UserError: The checkpoint's optimizers are not exactly ours; the base class would skip
                missing ones silently.
        """
        if set(state_dict) != set(self.optim_wrappers):
            raise UserError(
                f'The checkpoint has optimizers for {sorted(state_dict)}, this config for '
                f'{sorted(self.optim_wrappers)}; '
                'resume with the config that made the checkpoint, or start from its weights with load_from.'
            )
        super().load_state_dict(state_dict)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SeparateOptimWrapperConstructor:
    """Build one optimizer wrapper for each network that a phase trains.

    Each entry of ``optim_wrapper`` besides ``constructor`` is a complete mmengine optimizer wrapper config, with
    ``paramwise_cfg``, ``clip_grad``, ``accumulative_counts`` and a ``constructor`` of its own if wished.

    Args:
        optim_wrapper_cfg: Wrapper config by name of the network.
        paramwise_cfg: Refused; it belongs into the entries.

    Config::

        optim_wrapper = dict(
            constructor='sr4ir_mm.SeparateOptimWrapperConstructor',
            sr_net=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0)),
            task_net=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=2e-2, momentum=0.9)))

    Raises:
        UserError: Names do not match the networks that are trained, accumulation differs between them, or a custom key
            names a network.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        if paramwise_cfg:
            raise UserError(
                'paramwise_cfg stands beside the optimizers; move it into optim_wrapper.sr_net or .task_net.'
            )
        self.cfg = {name: cfg for name, cfg in optim_wrapper_cfg.items() if cfg is not None}

    def __call__(self, model: nn.Module) -> NamedOptimWrapperDict:
        """Build the wrappers for ``model``, a ``TaskDrivenSR``, wrapped for distributed training or not."""
        model = unwrap(model)
        self._check(model)
        wrappers = {
            name: self._build_one(unwrap(getattr(model, name)), cfg)
            for name, cfg in self.cfg.items()
        }
        for phase in model.phases:
            _join({name: wrappers[name] for name in phase.trains})
        for wrapper in wrappers.values():
            # Where the learning rate may restart, see WarmupCosineRestartLR.
            wrapper.loss_starts = model.loss_starts()
        return NamedOptimWrapperDict(**wrappers)

    def _check(self, model: nn.Module) -> None:
        expected = model.trained_nets()
        if set(self.cfg) != set(expected):
            raise UserError(
                f'optim_wrapper configures {sorted(self.cfg)}, but the phases train {sorted(expected)}; '
                'give exactly one '
                'optimizer to each trained network.'
            )
        counts = {name: cfg.get('accumulative_counts', 1) for name, cfg in self.cfg.items()}
        if len(set(counts.values())) > 1:
            raise UserError(
                f'accumulative_counts differ between networks ({counts}); both must accumulate over '
                'the same iterations.'
            )
        for name, cfg in self.cfg.items():
            _check_custom_keys(name, (cfg.get('paramwise_cfg') or {}).get('custom_keys') or {})
        resting = [type(phase).__name__ for phase in model.phases if phase.rests]
        if resting and max(counts.values(), default=1) > 1:
            raise UserError(
                f'{resting[0]} leaves out iterations, by every or by losses that all begin late, over which the other '
                f'network would accumulate ({counts}); set accumulative_counts to 1, or every to 1 and one begin to 0.'
            )

    @staticmethod
    def _build_one(net: nn.Module, cfg: dict) -> object:
        cfg = cfg.copy()
        constructor = dict(
            type=cfg.pop('constructor', _DEFAULT_CONSTRUCTOR),
            optim_wrapper_cfg=cfg,
            paramwise_cfg=cfg.pop('paramwise_cfg', None),
        )
        return ROOT_CONSTRUCTORS.build(constructor)(net)


def _check_custom_keys(name: str, keys: Iterable[str]) -> None:
    """Check that keys name parameters as the network does: mmengine passes over those that match none.

    Raises:
        UserError: A key begins with the network's name, as in a checkpoint of the whole model.
    """
    wrong = [key for key in keys if key == name or key.startswith(f'{name}.')]
    if wrong:
        raise UserError(
            f'optim_wrapper.{name}.paramwise_cfg.custom_keys has {wrong}, which match nothing, since names there '
            f'begin inside {name}; leave "{name}." out.'
        )


def _join(wrappers: dict[str, OptimWrapper]) -> None:
    """Prepare the wrappers of one phase for their common backward pass.

    Raises:
        UserError: Some scale the loss and others do not.
    """
    if len(wrappers) < 2:
        return
    kinds = {name: type(wrapper).__name__ for name, wrapper in wrappers.items()}
    if len({has_scaler(wrapper) for wrapper in wrappers.values()}) > 1:
        raise UserError(
            f'One phase trains {sorted(kinds)} in one backward pass, but their optimizer wrappers differ in loss '
            f'scaling ({kinds}); give both the same type in optim_wrapper.'
        )
    share_loss_scaler(wrappers)
