"""Evaluate a checkpoint: python tools/test.py CONFIG [CHECKPOINT] [options]."""

import argparse

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.resources import check_resources


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Evaluate a checkpoint')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help="checkpoint file; without one, or with 'none', finished networks as model.init_from names them",
    )
    parser.add_argument('--out', metavar='FILE.pkl', help='write the predictions to a pickle file')
    parser.add_argument(
        '--show-dir', help='folder for pictures of LR, upsampled, SR and HR with the predictions'
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help="test-time augmentation: the config's tta_model and tta_pipeline, or each image flipped, too",
    )
    cli.add_common_options(parser)
    args = cli.parse(parser)
    if args.out and not args.out.endswith(('.pkl', '.pickle')):
        parser.error(f'--out {args.out} must end in .pkl or .pickle.')
    if args.tta and args.show_dir:
        parser.error(
            '--show-dir draws what is predicted on one image, --tta merges predictions of several; leave out one.'
        )
    return args


def main() -> None:
    """Load the config, apply the options, check the files, test."""
    args = parse_args()
    cfg = cli.load_config(args.config, args.cfg_options)
    if not cfg.get('test_dataloader'):
        raise UserError(f'{args.config} has no test_dataloader to test on; add one.')
    cfg.launcher = args.launcher
    cfg.load_from = None if args.checkpoint == 'none' else args.checkpoint
    cfg.resume = False
    cli.set_work_dir(cfg, args.work_dir, args.config)
    cli.set_show_dir(cfg, args.show_dir)
    cli.check_on_first_process(lambda: check_resources(cfg, mode='test'))
    cli.check_on_first_process(lambda: cli.check_environment(cfg))
    if args.tta:
        from sr4ir_mm.apis.tta import set_tta

        set_tta(cfg)
    cli.join_processes_on_cpu(cfg)
    runner = cli.build_runner(cfg)
    if cfg.load_from is None:
        from sr4ir_mm.models.checkpoint import load_finished_nets
        from sr4ir_mm.utils.modules import unwrap

        model = unwrap(runner.model)
        load_finished_nets(unwrap(model.module) if args.tta else model)
    if args.out:
        from sr4ir_mm.utils.dump import DumpPredictions

        runner.test_evaluator.metrics.append(DumpPredictions(args.out))
    runner.test()


if __name__ == '__main__':
    cli.run(main)
