"""Where the task network sees a class in the bilinear, the SR and the HR image: Grad-CAM.

    python tools/analysis_tools/grad_cam.py sr4ir_x8_clothing --images demo/images/pants_lr.png --input lr --kinds up sr
    python tools/analysis_tools/grad_cam.py work_dirs/x/epoch_12.pth --images DIR --label 3 -o maps

All maps of an image are about one class: --label, or what the task network sees in the last kind.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    cli.add_model_options(parser)
    parser.add_argument(
        '--kinds', nargs='+', choices=('up', 'sr', 'hr'), default=['up', 'sr', 'hr']
    )
    parser.add_argument(
        '--method',
        choices=('grad', 'hires'),
        default='grad',
        help='hires keeps to the boxes of detectors',
    )
    parser.add_argument('--label', type=int, help='number of the class, from 0')
    parser.add_argument(
        '--layer', help="such as backbone.-1; the first of the TDP loss's by default"
    )
    parser.add_argument('-o', '--out', type=Path, default=Path('grad_cam'), help='folder to write')
    return parser.parse_args()


def main() -> None:
    """Write a strip of pictures for each image."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.analysis.cam import cam_strip
    from sr4ir_mm.apis.analysis.images import prepare
    from sr4ir_mm.apis.comparing import load_models
    from sr4ir_mm.apis.outputs import check_folder, picture_stem, write_picture

    check_folder(args.out, '-o')
    (inferencer,) = load_models([args.model], device=args.device, input=args.input).values()
    taken: set[str] = set()
    for image in prepare(inferencer, args.images):
        strip = cam_strip(inferencer, image, args.kinds, args.label, args.layer, args.method)
        stem = picture_stem(image.name, args.images, taken)
        taken.add(stem)
        target = args.out / f'{stem}.png'
        write_picture(target, strip)
        print(target)


if __name__ == '__main__':
    cli.run(main)
