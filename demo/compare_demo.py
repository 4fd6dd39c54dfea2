"""Draw what several models make of the same images: LR | bilinear | one panel a model | HR.

    python demo/compare_demo.py IMAGES --models work_dirs/l2t/epoch_12.pth work_dirs/sr4ir/epoch_12.pth --input hr

A model is the name of a shipped one or a checkpoint, which holds its config. Each shows its task network the image of
its method: the enlarged one (L->T) or the super-resolved one.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Draw several models side by side')
    parser.add_argument('inputs', nargs='+', help='image files, folders, patterns, videos')
    parser.add_argument('--models', nargs='+', required=True, help='shipped models or checkpoints')
    parser.add_argument('--names', nargs='+', help='what to call the models')
    parser.add_argument(
        '--input', default='lr', choices=['lr', 'hr'], help='hr: make LR images, and show HR too'
    )
    parser.add_argument('--out-dir', type=Path, default=Path('outputs'), help='folder of pictures')
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    parser.add_argument('--score-thr', type=float, default=0.3, help='least score told and drawn')
    return parser.parse_args()


def main() -> None:
    """Predict with each model, tell, draw; a bad image is told and the others are done."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.comparing import load_models, predict_all, strip, tell
    from sr4ir_mm.apis.inputs import Images
    from sr4ir_mm.apis.outputs import check_folder, write_picture
    from sr4ir_mm.utils.track import track
    from sr4ir_mm.visualization import vstack_rows

    check_folder(args.out_dir, '--out-dir')
    models = load_models(args.models, args.names, device=args.device, input=args.input)
    strips, errors = [], []
    for image in track(Images(args.inputs), 'comparing'):
        if image.error is not None:
            errors.append(image.error)
            continue
        samples = predict_all(models, image)
        strips.append(strip(models, samples, args.score_thr))
        for title, words in tell(models, samples, args.score_thr):
            print(f'{image.name}: {title}: {words}', flush=True)
    if strips:
        path = args.out_dir / 'comparison.png'
        write_picture(path, vstack_rows(strips))
        print(f'picture {path}')
    if errors:
        raise UserError(
            f'{len(errors)} of {len(errors) + len(strips)} images could not be used, the first because {errors[0]}'
        )


if __name__ == '__main__':
    cli.run(main)
