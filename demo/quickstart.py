"""Train the L->T baseline and SR4IR on the sample data, compare them on LR images, and draw what they see.

Called by tools/quickstart.sh. Finished trainings are kept and interrupted ones resumed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sr4ir_mm.apis.runs import Training, last_checkpoint, train
from sr4ir_mm.utils import cli

ROOT = Path(__file__).resolve().parents[1]
WORK = Path('work_dirs/quickstart')
DATA = Path('data/sample')
_SHOWN = re.compile(r'Epoch\((train|val)\)')
_NOISE = re.compile(
    r'^.*INFO - |data_time: \S+\s*|task_net/\S+: \S+\s*|grad_norm: \S+\s*|\S*lr: \S+\s*'
)


#: Name -> config, and network -> the training whose weights it starts from.
TRAININGS = {
    'h2t': ('configs/h2t/faster-rcnn-tiny_sample.py', {}),
    'sr': ('configs/sr/edsr-tiny_x4_sample.py', {}),
    'l2t': ('configs/l2t/faster-rcnn-tiny_x4_sample.py', {'task_net': 'h2t'}),
    'sr4ir': (
        'configs/sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample.py',
        {'sr_net': 'sr', 'task_net': 'h2t'},
    ),
}
#: What runs side by side, one core each.
STAGES = [('h2t', 'sr'), ('l2t', 'sr4ir')]

#: Row of the table -> (training, image kind shown to its task network).
ROWS = {
    'L->T, bilinear LR': ('l2t', 'up'),
    'SR4IR, SR': ('sr4ir', 'sr'),
    'SR4IR task net on HR (upper mark)': ('sr4ir', 'hr'),
}
COLUMNS = {
    'mAP': ('coco/bbox_mAP', '.3f'),
    'mAP50': ('coco/bbox_mAP_50', '.3f'),
    'PSNR': ('sr/psnr', '.2f'),
    'SSIM': ('sr/ssim', '.4f'),
}


def main() -> None:
    """Make the data, train, evaluate, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=0, help='seed of the trainings')
    parser.add_argument('--images', type=int, default=6, help='rows of the picture grid')
    args = parser.parse_args()
    start = time.time()
    work = WORK / f'seed_{args.seed}'
    os.chdir(ROOT)
    make_sample = [sys.executable, 'tools/dataset_converters/make_sample.py', '--out', str(DATA)]
    subprocess.run(make_sample, check=True)
    for number, stage in enumerate(STAGES, 1):
        print(f'[{number}/{len(STAGES)}] {" and ".join(stage)}, side by side', flush=True)
        with ThreadPoolExecutor() as pool:
            list(pool.map(train_and_show, [training_of(n, work, args.seed) for n in stage]))
    metrics = {row: evaluate(name, kind, work, args.images) for row, (name, kind) in ROWS.items()}
    (work / 'metrics.json').write_text(json.dumps(metrics, indent=1))
    report(metrics, work, time.time() - start)


def training_of(name: str, work: Path, seed: int) -> Training:
    """One of the four trainings."""
    config, sources = TRAININGS[name]
    init = {net: work / source for net, source in sources.items()}
    return Training(Path(config), work / name, seed, init)


def train_and_show(training: Training) -> None:
    """Train unless it is done, and show the lines about epochs."""
    name = training.work_dir.name
    if training.done:
        print(f'    {name}: done already ({last_checkpoint(training.work_dir)})', flush=True)
        return

    def show(line: str) -> None:
        if _SHOWN.search(line):
            print(f'    {name:<6}', _NOISE.sub('', line).strip(), flush=True)

    train(training, show)


def evaluate(name: str, kind: str, work: Path, images: int) -> dict[str, float]:
    """Test one training's networks on the LR test images; SR4IR on SR images also draws strips."""
    warnings.filterwarnings('ignore')
    from mmengine.config import Config

    cfg = Config.fromfile(TRAININGS[name][0])
    cfg.work_dir = str(work / 'evaluation' / f'{name}_{kind}')
    cfg.load_from = str(last_checkpoint(work / name))
    cfg.merge_from_dict({'model.test_cfg.image': kind})
    cfg.log_level = 'WARNING'
    cfg.custom_hooks = []
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    if kind == 'sr':
        strips = dict(
            type='sr4ir_mm.SRVisualizationHook', out_dir=str(work / 'strips'), max_images=images
        )
        cfg.custom_hooks = [strips]
    print(f'Evaluating {name} on {kind} images ...', flush=True)
    return {key: float(value) for key, value in cli.build_runner(cfg).test().items()}


def report(metrics: dict[str, dict[str, float]], work: Path, seconds: float) -> None:
    """Print the table and the paths, and write the picture grid."""
    width = max(map(len, metrics))
    print('\n' + ' ' * width + ''.join(f'{column:>9}' for column in COLUMNS))
    for row, values in metrics.items():
        cells = (f'{values[key]:>9{form}}' for key, form in COLUMNS.values())
        print(f'{row:<{width}}' + ''.join(cells))
    print(f'\nPicture grid (LR | bilinear | SR | HR): {grid(work)}')
    for name in TRAININGS:
        print(f'{name:<6} {last_checkpoint(work / name)}   log {work / name / "train.log"}')
    print(f'{seconds / 60:.1f} minutes')


def grid(work: Path) -> Path:
    """Stack the strips into one picture."""
    import cv2

    from sr4ir_mm.visualization import vstack_rows

    path = work / 'grid.png'
    cv2.imwrite(
        str(path),
        vstack_rows([cv2.imread(str(p)) for p in sorted((work / 'strips').glob('*.png'))]),
    )
    return path


if __name__ == '__main__':
    cli.run(main)
