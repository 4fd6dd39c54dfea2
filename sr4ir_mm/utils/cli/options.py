"""Options that training and testing share."""

from __future__ import annotations

import argparse
import os

from sr4ir_mm.utils.safe_loading import TRUST

#: Where launchers other than torchrun (which sets LOCAL_RANK) tell a process its number.
LOCAL_RANK_OF_LAUNCHER = {'slurm': 'SLURM_LOCALID', 'mpi': 'OMPI_COMM_WORLD_LOCAL_RANK'}


def parse(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line and leave the local rank where mmengine looks for it.

    Args:
        parser: The tool's parser.
        argv: Arguments; the process's own by default.

    Raises:
        SystemExit: Code 2 after a wrong option, a malformed ``--cfg-options`` among them.
    """
    try:
        # Options may stand between the config and an optional checkpoint.
        args = parser.parse_intermixed_args(argv)
    except (ValueError, AssertionError) as error:  # mmengine's DictAction
        parser.error(f'--cfg-options takes key=value pairs ({error}).')
    rank = os.getenv(LOCAL_RANK_OF_LAUNCHER.get(args.launcher, ''), str(args.local_rank))
    os.environ.setdefault('LOCAL_RANK', rank)
    return args


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-checkpoint``, for every process that this one starts too."""
    parser.add_argument(
        '--trust-checkpoint',
        action=_Trust,
        nargs=0,
        help='load files of weights that hold more than tensors, and may run any code',
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of analyses of one trained model on images of any source."""
    parser.add_argument('model', help='name of a shipped model, or checkpoint with its config')
    parser.add_argument('--images', nargs='+', required=True, help='files, folders or patterns')
    parser.add_argument(
        '--input', choices=('hr', 'lr'), default='hr', help='lr takes the images as LR images'
    )
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')


class _Trust(argparse.Action):
    """Says in the environment that checkpoints are trusted."""

    def __call__(self, *unused: object) -> None:
        os.environ[TRUST] = '1'


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share, named as everywhere in OpenMMLab."""
    from mmengine.config import DictAction

    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config: model.scale=8, lists as key="[a,b]" or key=a,b, '
        'without white space; items of a list by number, as in custom_hooks.0.priority=10',
    )
    add_trust_option(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    # torch.distributed.launch passes --local-rank from torch 2.0 on, --local_rank before.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
