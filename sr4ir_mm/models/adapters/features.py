"""Take named features of a network during one forward pass."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from sr4ir_mm.utils.errors import UserError

_INDEXED = re.compile(r'^(backbone|neck)\.(-?\d+)$')


def are_extracted(layers: Sequence[str]) -> bool:
    """Whether ``extract_feat`` alone makes all of them, of each image by itself and without ground truth."""
    return all(layer.startswith(('backbone', 'neck')) for layer in layers)


def collect_features(
    net: nn.Module, layers: Sequence[str], run: Callable[[], object]
) -> list[Tensor]:
    """Outputs of ``layers`` while ``run`` executes ``net``.

    Args:
        net: Unwrapped task network.
        layers: ``'backbone.N'`` / ``'neck.N'`` (N-th output, negative from the end) or a module's name.
        run: Executes the part of ``net`` that contains the layers.

    Returns:
        Tensors in the order of ``layers``; a layer with several outputs contributes each of them.

    Raises:
        UserError: A layer does not exist, has fewer outputs, or was not executed.
    """
    outputs: dict[str, object] = {}
    with ExitStack() as stack:
        for module_name in {_split(layer)[0] for layer in layers}:
            stack.enter_context(_recording(net, module_name, outputs))
        run()
    return [tensor for layer in layers for tensor in _select(net, layer, outputs)]


@torch.no_grad()
def probe_features(net: nn.Module, layers: Sequence[str], sides: Sequence[int]) -> list[Tensor]:
    """Features of a plain image, to learn their number and shapes.

    Args:
        net: Unwrapped task network, in a mode in which its statistics stay as they are.
        layers: As in :func:`collect_features`.
        sides: Of square images, px, tried in turn: networks refuse what is too small for their strides.

    Raises:
        RuntimeError: The network refused all of them; the message tells why it did the first.
        UserError: A layer does not exist.
    """
    device = next((p.device for p in net.parameters()), torch.device('cpu'))
    reasons = []
    for side in sides:
        image = torch.zeros(1, 3, side, side, device=device)
        run = net.extract_feat if are_extracted(layers) else net
        try:
            return collect_features(net, layers, partial(run, image))
        except UserError:
            raise
        except Exception as error:
            reasons.append(f'{type(error).__name__}: {error}')
    raise RuntimeError(reasons[0])


def _split(layer: str) -> tuple[str, int | None]:
    match = _INDEXED.match(layer)
    return (match[1], int(match[2])) if match else (layer, None)


@contextmanager
def _recording(net: nn.Module, name: str, outputs: dict[str, object]) -> Iterator[None]:
    try:
        module = net.get_submodule(name)
    except AttributeError as error:
        raise UserError(
            f'TDP layer {name!r} is not in {type(net).__name__}; {_valid_layers(net)}.'
        ) from error

    def record(module: nn.Module, args: object, output: object) -> None:
        outputs[name] = output

    handle = module.register_forward_hook(record)
    try:
        yield
    finally:
        handle.remove()


def _select(net: nn.Module, layer: str, outputs: dict[str, object]) -> list[Tensor]:
    name, index = _split(layer)
    if name not in outputs:
        raise UserError(
            f'TDP layer {layer!r} was not executed by {type(net).__name__} while features were taken; '
            f'{_valid_layers(net)}.'
        )
    output = outputs[name]
    if index is None:
        return _flatten(output)
    levels = list(output.values()) if isinstance(output, dict) else output
    levels = levels if isinstance(levels, (list, tuple)) else [levels]
    if not -len(levels) <= index < len(levels):
        raise UserError(
            f'TDP layer {layer!r}: {name} of {type(net).__name__} has {len(levels)} output(s), '
            f'so N of {name}.N is 0 to {len(levels) - 1}.'
        )
    return _flatten(levels[index])


def _flatten(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _flatten(item)]
    return []


def _valid_layers(net: nn.Module) -> str:
    parts = [
        f'{part}.N (N-th output)'
        for part in ('backbone', 'neck')
        if getattr(net, part, None) is not None
    ]
    names = [
        f'{name}.{child}'
        for name, module in net.named_children()
        for child, _ in module.named_children()
    ]
    return f'choose {", ".join(parts)} or a module by name, such as {", ".join(names[:24])}'
