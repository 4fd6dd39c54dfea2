"""Train a model: python tools/train.py CONFIG [options]."""

import argparse

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.allocator import serve_by_tcmalloc, tell_allocator
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.memory import give_back_large_tensors
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
        help="scale the learning rates to the actual batch size, by each optimizer's rule",
    )
    parser.add_argument(
        '--compile',
        action='store_true',
        help='torch.compile of the SR network, backbone and neck; the first iteration takes minutes',
    )
    parser.add_argument(
        '--low-memory',
        action='store_true',
        help='on the CPU: freed tensors give their memory back at once, for a tenth to a half more time',
    )
    parser.add_argument('--seed', type=int, help='seed of all random numbers')
    cli.add_common_options(parser)
    return cli.parse(parser)


def main() -> None:
    """Load the config, apply the options, check the files, train."""
    args = parse_args()
    if args.low_memory:
        give_back_large_tensors()
    else:
        serve_by_tcmalloc(__file__)
    cfg = cli.load_config(args.config, args.cfg_options)
    if not cfg.get('train_dataloader'):
        raise UserError(
            f'{args.config} trains nothing, it has no train_dataloader; evaluate it with tools/test.py.'
        )
    cfg.launcher = args.launcher
    cli.set_work_dir(cfg, args.work_dir, args.config)
    if args.work_dir is None:
        cli.check_on_first_process(lambda: cli.check_work_dir_is_ours(cfg, args.config))
    cli.set_resume(cfg, args.resume)
    cli.set_seed(cfg, args.seed)
    cli.check_optimizers(cfg)
    cli.check_scheduler_names(cfg)
    cli.check_hooks(cfg)
    world_size = cli.world_size(args.launcher)
    cli.divide_batch(cfg, world_size, args.cfg_options)
    if args.auto_scale_lr or (cfg.get('auto_scale_lr') or {}).get('enable'):
        cli.scale_learning_rates(cfg, world_size)
    cli.check_on_first_process(lambda: check_resources(cfg, mode='train'))
    cli.check_on_first_process(lambda: cli.check_environment(cfg))
    from sr4ir_mm.models.settings import check_lender

    check_lender(cfg)
    cli.check_on_first_process(lambda: cli.check_work_dir_is_writable(cfg.work_dir))
    if args.compile:
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), dict(type='sr4ir_mm.CompileHook')]
    if args.amp:
        cli.enable_amp(cfg)
    cli.set_model_wrapper(cfg)
    cli.join_processes_on_cpu(cfg)
    cli.keep_sync_bn_to_accelerators(cfg)
    runner = cli.build_runner(cfg)
    runner.logger.info(cli.tell_batch(cfg, world_size))
    runner.logger.info(tell_allocator())
    runner.train()


if __name__ == '__main__':
    cli.run(main)
