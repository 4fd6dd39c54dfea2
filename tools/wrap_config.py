"""Put an SR network in front of a model-zoo config: python tools/wrap_config.py ZOO_CONFIG -o OUT.py [options]."""

from __future__ import annotations

import argparse
import os.path as osp
import shlex
from typing import TYPE_CHECKING

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config


class _NamesInHelp(argparse.HelpFormatter):
    """Fills in names that take seconds to import, and so only where the help is shown."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ''
        if '{sr_nets}' in text:
            from sr4ir_mm.models.sr_nets.defaults import SR_NETS

            text = text.replace('{sr_nets}', ', '.join(SR_NETS))
        if '{methods}' in text:
            from sr4ir_mm.apis.methods import method_names

            text = text.replace('{methods}', ', '.join(method_names()))
        return text


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write a config that inherits from a config of mmdet, mmseg or mmpretrain and adds an SR network',
        formatter_class=_NamesInHelp,
    )
    parser.add_argument(
        'config', help="'mmdet::...', 'mmseg::...', 'mmpretrain::...' or a config file"
    )
    parser.add_argument(
        '--sr',
        default='edsr',
        metavar='NAME',
        help='SR network (default edsr): {sr_nets}, or a type of mmagic',
    )
    parser.add_argument(
        '--scale', type=int, default=4, help='factor between LR and HR images (default 4)'
    )
    parser.add_argument(
        '--method',
        default='sr4ir',
        help='a folder of configs/ (default sr4ir): {methods}',
    )
    parser.add_argument(
        '--task-ckpt', metavar='FILE', help='weights of the task network, path or URL'
    )
    parser.add_argument('--sr-ckpt', metavar='FILE', help='weights of the SR network, path or URL')
    parser.add_argument('--lr-input', action='store_true', help='evaluate on real LR images')
    parser.add_argument('-o', '--out', required=True, metavar='OUT.py', help='config file to write')
    parser.add_argument(
        '--force',
        action='store_true',
        help='replace OUT.py even if it was not written by this tool',
    )
    return parser.parse_args()


def main() -> None:
    """Write the config if it loads."""
    args = parse_args()
    if not args.out.endswith('.py'):
        raise UserError(f'-o {args.out} must end in .py, since it is a Python config.')
    from sr4ir_mm.apis.outputs import check_folder
    from sr4ir_mm.apis.wrap import Wrapping, check_target, wrap_config, write_config

    wrapping = Wrapping(
        args.sr, args.scale, args.method, args.task_ckpt, args.sr_ckpt, args.lr_input
    )
    check_target(args.config, args.out, args.force)
    text = wrap_config(args.config, wrapping, args.out)
    check_folder(osp.dirname(osp.abspath(args.out)), '-o')
    cfg = write_config(text, args.out)
    tell_missing_weights(args, cfg)
    tell_left_out_hooks(args.config)
    print(f'{args.out} written; train with: python tools/train.py {shlex.quote(args.out)}')


def tell_left_out_hooks(source: str) -> None:
    """Tell of a hook of the original that the written config has not."""
    from sr4ir_mm.apis.wrap import load_zoo_config
    from sr4ir_mm.utils.cli.hooks import OUT_OF_PLACE, hook_name

    hooks = load_zoo_config(source).get('custom_hooks') or ()
    if any(hook_name(hook) == OUT_OF_PLACE for hook in hooks):
        print(
            f'note: {OUT_OF_PLACE} is left out; it would take the statistics of batch norms of HR images alone.'
        )


def tell_missing_weights(args: argparse.Namespace, cfg: Config) -> None:
    """Tell of networks that stay as they are, and of which no weights are given."""
    from sr4ir_mm.models.settings import check_lender

    if args.method == 's2t' and args.sr_ckpt is None:
        print('note: s2t keeps its SR network fixed; give its trained weights with --sr-ckpt.')
    try:
        check_lender(cfg)
    except UserError:
        print(
            f'note: {args.method} learns from a finished task network; give its trained weights with --task-ckpt, '
            'without which the training will not start.'
        )


if __name__ == '__main__':
    cli.run(main)
