"""Put an SR network in front of a model-zoo config: python tools/wrap_config.py ZOO_CONFIG -o OUT.py [options]."""

import argparse
import os
import os.path as osp

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write a config that inherits from a config of mmdet, mmseg or mmpretrain and adds an SR network'
    )
    parser.add_argument(
        'config', help="'mmdet::...', 'mmseg::...', 'mmpretrain::...' or a config file"
    )
    parser.add_argument(
        '--sr',
        default='edsr',
        metavar='NAME',
        help='SR network: edsr, swinir, rdn, rrdb, srcnn, msrresnet, nafnet, restormer or a type of mmagic',
    )
    parser.add_argument(
        '--scale', type=int, default=4, help='factor between LR and HR images (default 4)'
    )
    parser.add_argument(
        '--method',
        default='sr4ir',
        help='a folder of configs/: sr4ir (default), l2t, h2t, sr, s2t, t2s, swt and others',
    )
    parser.add_argument(
        '--task-ckpt', metavar='FILE', help='weights of the task network, path or URL'
    )
    parser.add_argument('--sr-ckpt', metavar='FILE', help='weights of the SR network, path or URL')
    parser.add_argument('--lr-input', action='store_true', help='evaluate on real LR images')
    parser.add_argument('-o', '--out', required=True, metavar='OUT.py', help='config file to write')
    return parser.parse_args()


def main() -> None:
    """Write the config and check that it loads."""
    args = parse_args()
    if not args.out.endswith('.py'):
        raise UserError(f'-o {args.out} must end in .py, since it is a Python config.')
    from sr4ir_mm.apis.wrap import Wrapping, wrap_config

    wrapping = Wrapping(
        args.sr, args.scale, args.method, args.task_ckpt, args.sr_ckpt, args.lr_input
    )
    text = wrap_config(args.config, wrapping, args.out)
    os.makedirs(osp.dirname(osp.abspath(args.out)), exist_ok=True)
    with open(args.out, 'w', encoding='utf-8') as file:
        file.write(text)
    cli.load_config(args.out)
    for method, option, net in (('s2t', 'sr_ckpt', 'SR'), ('t2s', 'task_ckpt', 'task')):
        if args.method == method and getattr(args, option) is None:
            flag = option.replace('_', '-')
            print(
                f'note: {method} keeps its {net} network fixed; give its trained weights with --{flag}.'
            )
    print(f'{args.out} written; train with: python tools/train.py {args.out}')


if __name__ == '__main__':
    cli.run(main)
