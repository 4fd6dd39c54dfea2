"""Write a trained model to ONNX or torch.export and check it: python tools/deployment/export.py MODEL -o FILE.onnx.

The file takes (N, 3, H, W) LR images, RGB in [0, 1], and holds the SR network and the task network: whole for
classifiers and segmentors (logits), up to the raw outputs of the head for one-stage detectors, up to the neck for
two-stage ones. What follows is the task library's Python; sr4ir_mm.apis.exported.ExportedInferencer joins both.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Export a trained model and check the file')
    parser.add_argument(
        'model', nargs='?', help='config, or name of a shipped model; not needed if weights hold it'
    )
    parser.add_argument('--weights', help='checkpoint, path or URL')
    parser.add_argument('-o', '--out', type=Path, required=True, help='FILE.onnx or FILE.pt2')
    parser.add_argument('--part', default='all', choices=['all', 'sr'], help='sr: SR network alone')
    parser.add_argument(
        '--size', metavar='HxW', help='LR size in px of a file for one size; any size by default'
    )
    parser.add_argument(
        '--images', nargs='+', help='real LR images for the check; those of the demo by default'
    )
    cli.add_trust_option(parser)
    return parser.parse_args()


def main() -> None:
    """Export, check, tell."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.checkpoints import CARRIED
    from sr4ir_mm.apis.deployment import export
    from sr4ir_mm.apis.inferencer import SR4IRInferencer

    inferencer = SR4IRInferencer(args.model, args.weights, device='cpu', tile=None)
    print(f'Exporting to {args.out} ...', flush=True)
    images = args.images or [str(CARRIED / 'demo' / 'images' / '*_lr.png')]
    done = export(inferencer, args.out, images, args.part, size_of(args.size))
    runtime = 'onnxruntime' if args.out.suffix == '.onnx' else 'torch.export'
    print(
        f'{done.path} ({done.path.stat().st_size / 2**20:.1f} MB) ends with {done.ends_with}; largest difference from '
        f'PyTorch {done.difference:.1e}; {1e3 * done.seconds:.1f} ms an image in {runtime}, '
        f'{1e3 * done.torch_seconds:.1f} ms in PyTorch'
    )


def size_of(text: str | None) -> tuple[int, int] | None:
    """(height, width) of '24x32'."""
    if text is None:
        return None
    sides = text.split('x')
    if len(sides) != 2 or not all(side.isdigit() and int(side) for side in sides):
        raise UserError(f'--size {text} is no size; give height and width in px, such as 24x32.')
    return int(sides[0]), int(sides[1])


if __name__ == '__main__':
    cli.run(main)
