"""Train the L->T baseline and SR4IR on the sample data, compare them on LR images, and draw what they see.

Called by tools/quickstart.sh. Finished trainings are kept and interrupted ones resumed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = Path('work_dirs/quickstart')
DATA = Path('data/sample')
_SHOWN = re.compile(r'Epoch\((train|val)\)')
_NOISE = re.compile(
    r'^.*INFO - |data_time: \S+\s*|task_net/\S+: \S+\s*|grad_norm: \S+\s*|\S*lr: \S+\s*'
)


@dataclass
class Training:
    """One training of the quick start.

    Attributes:
        name: Method, also the folder of its results.
        config: Config file.
        init: Network -> name of the training whose weights it starts from.
    """

    name: str
    config: str
    init: dict[str, str] = field(default_factory=dict)


TRAININGS = {
    training.name: training
    for training in (
        Training('h2t', 'configs/h2t/faster-rcnn-tiny_sample.py'),
        Training('sr', 'configs/sr/edsr-tiny_x4_sample.py'),
        Training('l2t', 'configs/l2t/faster-rcnn-tiny_x4_sample.py', {'task_net': 'h2t'}),
        Training(
            'sr4ir',
            'configs/sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample.py',
            {'sr_net': 'sr', 'task_net': 'h2t'},
        ),
    )
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
    run([sys.executable, 'tools/dataset_converters/make_sample.py', '--out', str(DATA)])
    for number, stage in enumerate(STAGES, 1):
        print(f'[{number}/{len(STAGES)}] {" and ".join(stage)}, side by side', flush=True)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: train(TRAININGS[name], work, args.seed), stage))
    metrics = {row: evaluate(name, kind, work, args.images) for row, (name, kind) in ROWS.items()}
    (work / 'metrics.json').write_text(json.dumps(metrics, indent=1))
    report(metrics, work, time.time() - start)


def run(command: list[str], log: Path | None = None) -> None:
    """Run a command from the project's root; with a log, show only its progress lines."""
    if log is None:
        subprocess.run(command, cwd=ROOT, check=True)
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open('a') as file,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout:
            file.write(line)
            if _SHOWN.search(line):
                print(f'    {log.parent.name:<6}', _NOISE.sub('', line).strip(), flush=True)
    if process.returncode != 0:
        tail = ''.join(log.read_text().splitlines(keepends=True)[-15:])
        raise SystemExit(f'{tail}\nTraining failed; the whole log is {log}.')


def train(training: Training, work: Path, seed: int) -> None:
    """Train unless it is done already."""
    folder = work / training.name
    if (folder / 'done').is_file():
        print(f'    {training.name}: done already ({checkpoint(folder)})', flush=True)
        return
    options = [
        f'model.init_from.{net}={checkpoint(work / source)}'
        for net, source in training.init.items()
    ]
    command = [sys.executable, 'tools/train.py', training.config, '--work-dir', str(folder)]
    command += ['--seed', str(seed)]
    if (folder / 'last_checkpoint').is_file():
        command.append('--resume')
    if options:
        command += ['--cfg-options', *options]
    run(command, folder / 'train.log')
    (folder / 'done').touch()


def checkpoint(folder: Path) -> Path:
    """The last checkpoint of a training."""
    return Path((folder / 'last_checkpoint').read_text().strip())


def evaluate(name: str, kind: str, work: Path, images: int) -> dict[str, float]:
    """Test one training's networks on the LR test images; SR4IR on SR images also draws strips."""
    warnings.filterwarnings('ignore')
    from mmengine.config import Config

    from sr4ir_mm.utils import cli

    cfg = Config.fromfile(ROOT / TRAININGS[name].config)
    cfg.work_dir = str(work / 'evaluation' / f'{name}_{kind}')
    cfg.load_from = str(checkpoint(work / name))
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
        print(f'{name:<6} {checkpoint(work / name)}   log {work / name / "train.log"}')
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
    main()
