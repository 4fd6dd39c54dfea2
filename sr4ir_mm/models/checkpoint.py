"""Checkpoints of the wrapper model and of its children."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import load_state_dict
from torch import Tensor, nn

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import unwrap
from sr4ir_mm.utils.resources import RANDOM
from sr4ir_mm.utils.safe_loading import replace_mmengines_loader
from sr4ir_mm.utils.weights import find_state_dict

# Wherever the wrapper model is known, files of weights run no code.
replace_mmengines_loader()


def keep_plain_names(model: nn.Module) -> None:
    """Save and load ``model`` under the same names whether its children are in distributed wrappers or not."""
    model._register_state_dict_hook(drop_wrapper_prefix)
    model._register_load_state_dict_pre_hook(add_wrapper_prefix, with_module=True)


def drop_wrapper_prefix(
    model: nn.Module, state_dict: dict, prefix: str, local_metadata: dict
) -> None:
    """State-dict hook: save DDP-wrapped children under the names that an unwrapped model has.

    mmengine's Runner saves the inner model whose children are wrapped, and its loader strips wrappers from the module
    tree but not ``.module.`` from keys; without this hook such checkpoints load as nothing, silently.
    """
    for name, child in model.named_children():
        if not is_model_wrapper(child):
            continue
        wrapped = f'{prefix}{name}.module.'
        for key in [key for key in state_dict if key.startswith(wrapped)]:
            state_dict[f'{prefix}{name}.{key[len(wrapped) :]}'] = state_dict.pop(key)


def add_wrapper_prefix(
    model: nn.Module, state_dict: dict, prefix: str, local_metadata: dict, *unused: object
) -> None:
    """Load-state-dict pre-hook, the inverse of :func:`drop_wrapper_prefix`.

    torch's own loader (``EMAHook`` loads its average with it, not strictly) looks for wrapped children under
    ``.module.`` and would load nothing, silently. mmengine's loader goes past wrappers, so that the names must change
    in the wrapper's own hook, which only torch runs.
    """
    for child in model.children():
        if is_model_wrapper(child) and not hasattr(child, '_takes_plain_names'):
            child._takes_plain_names = True
            child._register_load_state_dict_pre_hook(_enter_wrapper)


def _enter_wrapper(state_dict: dict, prefix: str, *unused: object) -> None:
    wrapped = f'{prefix}module.'
    for key in [k for k in state_dict if k.startswith(prefix) and not k.startswith(wrapped)]:
        state_dict[wrapped + key[len(prefix) :]] = state_dict.pop(key)


def load_initial_weights(
    nets: Mapping[str, nn.Module], init_from: Mapping[str, str | Mapping | None]
) -> None:
    """Load the networks for which ``init_from`` names a file; ``'random'`` is for one that is to start from nothing."""
    for name, source in init_from.items():
        if source not in (None, RANDOM):
            load_child_weights(unwrap(nets[name]), source, name)


def load_finished_nets(model: nn.Module) -> None:
    """Load every network of a ``TaskDrivenSR`` from its ``init_from``, for a test without a checkpoint.

    Raises:
        UserError: A network would stay as random as it was made.
    """
    init_from: Mapping = getattr(model, 'init_from', {})
    nets = model.nets() if hasattr(model, 'nets') else {'model': model}
    for name, net in nets.items():
        # A discriminator has no part in a test.
        if (
            name != 'discriminator'
            and next(net.parameters(), None) is not None
            and not init_from.get(name)
        ):
            raise UserError(
                f'there is no checkpoint to test, and model.init_from names no weights of {name}; give a checkpoint, '
                f"or set model.init_from.{name} to weights, or to 'random' if that is meant."
            )
    load_initial_weights(nets, init_from)


def load_child_weights(child: nn.Module, source: str | Path | Mapping, name: str) -> None:
    """Load pre-trained weights into one child.

    Takes a checkpoint of the child alone, of a model that has it under any prefix (``generator.``, ``task_net.``), of
    this package, or a bare state dict. Tensors of another shape (a head for other classes) are left out and listed.

    Args:
        child: Unwrapped network.
        source: Path or URL, or ``dict(checkpoint=..., prefix=...)``.
        name: The child's name, for messages.

    Raises:
        UserError: The file is missing, or nothing in it fits the child.
    """
    source = {'checkpoint': source} if isinstance(source, (str, Path)) else dict(source)
    path = str(source['checkpoint'])
    if '://' not in path and not Path(path).is_file():
        raise UserError(
            f'Weights for {name} are missing: {Path(path).resolve()} does not exist; put the file there or set '
            f'model.init_from.{name} to another path.'
        )
    state = find_state_dict(CheckpointLoader.load_checkpoint(path, map_location='cpu'))
    own = child.state_dict()
    prefix = source.get('prefix') or best_prefix(state, own, name)
    stripped = {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
    fitting = {k: v for k, v in stripped.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise UserError(
            f'No tensor of {path} fits {name} ({type(child).__name__}); it holds keys such as '
            f'{sorted(state)[:3]}, {name} has {sorted(own)[:3]}: convert it with '
            'tools/model_converters or choose another.'
        )
    named = OrderedDict(stripped)
    if not prefix:
        named._metadata = getattr(state, '_metadata', None)  # versions, which translations ask for
    translated = _load(child, named, fitting, path, name)
    where = f' ({prefix}*)' if prefix else ''
    left = [key for key in own if key not in fitting and key not in translated]
    note = (
        f'; not in the file or of another shape: {left[:8]}{" ..." if len(left) > 8 else ""}'
        if left
        else ''
    )
    print_log(
        f'Loaded {len(own) - len(left)} of {len(own)} tensors of {name} from {path}{where}{note}',
        logger='current',
        level=logging.WARNING if any(_is_body(key, name) for key in left) else logging.INFO,
    )


def _load(
    child: nn.Module,
    state: OrderedDict[str, Tensor],
    fitting: Mapping[str, Tensor],
    path: str,
    name: str,
) -> set[str]:
    """Load what fits, and what the library can make fit: position embeddings of another size, former names.

    Returns:
        Names of the latter.
    """
    others = {k: v.clone() for k, v in child.state_dict().items() if k not in fitting}
    try:
        load_state_dict(child, state, strict=False, logger='silent')
    except Exception as error:  # a library's own translation, which can fail in any way
        reason = ' '.join(str(error).split())[:160]
        print_log(
            f'{path}: what does not fit {name} as it is could not be made to fit ({type(error).__name__}: {reason}).',
            logger='current',
            level=logging.WARNING,
        )
        child.load_state_dict(fitting, strict=False)
    now = child.state_dict()
    return {key for key, before in others.items() if not torch.equal(now[key], before)}


def _is_body(key: str, name: str) -> bool:
    """Whether a tensor is of what pre-trained weights are taken for, not of a head for other classes."""
    counts = key.endswith('num_batches_tracked')
    return not counts and (name == 'sr_net' or key.startswith('backbone.'))


def best_prefix(state: Mapping[str, Tensor], own: Mapping[str, Tensor], name: str = '') -> str:
    """The prefix of ``state`` under which most of ``own`` is found with the same shape.

    Of several as good it is the network's own name: a run whose extractor is like its task network holds both. Then
    the average that mmagic's GANs are tested with.
    """
    prefixes = {''}
    for key in state:
        parts = key.split('.')
        prefixes.update('.'.join(parts[:depth]) + '.' for depth in (1, 2) if len(parts) > depth)

    def matches(prefix: str) -> int:
        return sum(
            prefix + key in state and state[prefix + key].shape == value.shape
            for key, value in own.items()
        )

    preferred = ('generator_ema.', f'{name}.')
    return max(
        sorted(prefixes),
        key=lambda p: (matches(p), preferred.index(p) + 1 if p in preferred else 0),
    )
