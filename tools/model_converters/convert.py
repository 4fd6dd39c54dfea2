"""Convert weights of the authors and of the official SR networks to OpenMMLab's names.

    python tools/model_converters/convert.py sr-net edsr_baseline_x4-6b446fab.pt checkpoints/edsr_baseline_x4_mmagic.pth
    python tools/model_converters/convert.py task-net net_det_latest.pth checkpoints/detector.pth
    python tools/model_converters/convert.py model net_sr_latest.pth net_det_latest.pth checkpoints/sr4ir.pth

``sr-net`` and ``task-net`` write weights for ``model.init_from``; ``model`` writes a checkpoint that ``tools/test.py``
evaluates. Which network it is, is read off the names. With ``--config`` the result is compared with that config's
model, so that a wrong scale or number of classes is told here. torchvision's ResNet-18 and MobileNetV3 backbones need
no conversion: the networks of our configs have their names.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

_PREFIX = {'sr-net': 'sr_net.', 'task-net': 'task_net.', 'model': ''}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Convert weights to OpenMMLab's names")
    commands = parser.add_subparsers(dest='command', required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        '--part',
        help="entry of the file(s) that holds the weights, such as 'params'; found by default",
    )
    common.add_argument(
        '--config', help='compare the result with the model of this config before it is written'
    )
    sr_net = commands.add_parser(
        'sr-net', parents=[common], help='EDSR, RCAN, SwinIR or D-DBPN in the official naming'
    )
    task_net = commands.add_parser(
        'task-net', parents=[common], help="torchvision's network or the authors' net_*.pth"
    )
    for command in (sr_net, task_net):
        command.add_argument('source', help='file with the original weights')
        command.add_argument('target', help='file to write')
    model = commands.add_parser(
        'model', parents=[common], help='net_sr_*.pth and net_{det,seg,cls}_*.pth together'
    )
    model.add_argument(
        'sr_source', metavar='sr', help="net_sr_*.pth of the authors, or '-' for none (H->T, L->T)"
    )
    model.add_argument(
        'task_source',
        metavar='task',
        help='net_det_*.pth, net_seg_*.pth or net_cls_*.pth of the authors',
    )
    model.add_argument('target', help='file to write')
    return parser.parse_args()


def convert_file(path: str, part: str | None, kind: str) -> tuple[dict, str]:
    """Converted state dict of one network, and the network's name.

    Args:
        path: File with the original weights.
        part: Entry of the file that holds them; None finds a usual one.
        kind: ``'sr-net'`` or ``'task-net'``.
    """
    from sr4ir_mm.utils.converters import SR_NETS, TASK_NETS, find_conversion, read_state

    state = read_state(path, part, kind.replace('-', '_'))
    conversion = find_conversion(state, SR_NETS if kind == 'sr-net' else TASK_NETS, path)
    return conversion(state), conversion.name


def convert(args: argparse.Namespace) -> tuple[dict, dict[str, str], list[str]]:
    """State dict to write, the files it comes from, and the names of the networks in it."""
    from sr4ir_mm.utils.converters import join_networks

    if args.command != 'model':
        state, name = convert_file(args.source, args.part, args.command)
        return state, {args.command: args.source}, [name]
    sources = {'sr-net': args.sr_source, 'task-net': args.task_source}
    present = {kind: path for kind, path in sources.items() if path != '-'}
    converted = {kind: convert_file(path, args.part, kind) for kind, path in present.items()}
    networks = {kind.replace('-', '_'): state for kind, (state, _) in converted.items()}
    return join_networks(**networks), present, [name for _, name in converted.values()]


def check_against(config: str, state: Mapping[str, Any], command: str) -> None:
    """Compare a state dict with a config's model.

    Raises:
        UserError: Names or shapes differ.
    """
    from sr4ir_mm.registry import MODELS

    cfg = cli.load_config(config)
    cfg.model.pop('init_from', None)
    prefix = _PREFIX[command]
    own = MODELS.build(cfg.model).state_dict()
    own = {
        key.removeprefix(prefix): tuple(value.shape)
        for key, value in own.items()
        if key.startswith(prefix)
    }
    found = {key: tuple(value.shape) for key, value in state.items()}
    # Attention masks depend on the training patch and are made anew for every image size.
    names = [key for key in sorted(own.keys() | found.keys()) if not key.endswith('attn_mask')]
    wrong = [key for key in names if own.get(key) != found.get(key)]
    if wrong:
        raise UserError(
            f'{len(wrong)} entries do not fit the model of {config}, first {wrong[0]!r} (shape in the file '
            f'{found.get(wrong[0])}, in the model {own.get(wrong[0])}); choose the config of the same scale, networks '
            'and data set; nothing was written.'
        )


def main() -> None:
    """Convert, check, write."""
    args = parse_args()
    state, sources, names = convert(args)
    if args.config:
        check_against(args.config, state, args.command)
    from sr4ir_mm.utils.converters import save_state

    save_state(state, args.target, sources)
    print(f'{args.target}: {len(state)} tensors of {" and ".join(names)}')


if __name__ == '__main__':
    cli.run(main)
