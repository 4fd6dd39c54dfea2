"""Train a model: python tools/train.py CONFIG [options]."""

import argparse

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.resources import check_resources


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a path, from the latest one in the work dir',
    )
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision, for every optimizer of the config'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rates by actual batch size / auto_scale_lr.base_batch_size',
    )
    parser.add_argument('--seed', type=int, help='seed of all random numbers')
    cli.add_common_options(parser)
    return cli.parse(parser)


def main() -> None:
    """Load the config, apply the options, check the files, train."""
    args = parse_args()
    cfg = cli.load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    cli.set_work_dir(cfg, args.work_dir, args.config)
    if args.work_dir is None:
        cli.check_on_first_process(lambda: cli.check_work_dir_is_ours(cfg, args.config))
    cli.set_resume(cfg, args.resume)
    cli.set_seed(cfg, args.seed)
    if args.auto_scale_lr:
        cli.enable_auto_scale_lr(cfg)
    cli.check_scheduler_names(cfg)
    cli.check_on_first_process(lambda: check_resources(cfg, mode='train'))
    if args.amp:
        cli.enable_amp(cfg)
    cli.join_processes_on_cpu(cfg)
    cli.build_runner(cfg).train()


if __name__ == '__main__':
    cli.run(main)
