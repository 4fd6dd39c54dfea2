"""Train L->T, S->T and SR4IR-lite on a few hand signs, compare them on LR images of 8 x 8 px, and draw what they see.

Called by tools/quickstart.sh. All start from an HR task network, and those with an SR network from one, that come with
the repository, as others start from ImageNet and DIV2K; with ``--scratch`` these two are trained first. The baselines
are trained for as many minutes as SR4IR-lite, L->T also with as many updates. Finished trainings are kept, interrupted
ones resumed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sr4ir_mm.apis.runs import Plan, Training, last_checkpoint, minutes, run_all, train
from sr4ir_mm.utils import cli

ROOT = Path(__file__).resolve().parents[1]
WORK = Path('work_dirs/quickstart')
DATA = Path('data/hand_signs')
PICTURES = {'gains': 5, 'losses': 1}
_SHOWN = re.compile(r'Epoch\((train|val)\)')
_NOISE = re.compile(
    r'^.*INFO - |data_time: \S+\s*|(sr|task)_net/\S+: \S+\s*|grad_norm: \S+\s*|\S*lr: \S+\s*'
)


@dataclass(frozen=True)
class Recipe:
    """What one of the trainings is.

    Attributes:
        config: Its config.
        sources: Network -> the training whose weights it starts from, if everything is trained from nothing.
        options: Settings of the config.
    """

    config: str
    sources: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)


L2T = 'configs/l2t/resnet18-tiny_x8_few-signs.py'
BOTH = {'sr_net': 'sr', 'task_net': 'h2t'}
RECIPES = {
    'h2t': Recipe('configs/h2t/resnet18-tiny_signs.py'),
    'sr': Recipe('configs/sr/subpixel-tiny_x8_signs.py'),
    'sr4ir-lite': Recipe('configs/sr4ir_lite/resnet18-tiny_subpixel-tiny_x8_few-signs.py', BOTH),
    's2t': Recipe('configs/s2t/resnet18-tiny_subpixel-tiny_x8_few-signs.py', BOTH),
    'l2t': Recipe(L2T, {'task_net': 'h2t'}),
    # An iteration of SR4IR-lite costs 1.6 of L->T's, one of S->T 1.2 (docs/performance.md).
    'l2t-long': Recipe(
        L2T, {'task_net': 'h2t'}, {'train_cfg.max_epochs': 76, 'train_cfg.val_interval': 38}
    ),
}
#: What is compared.
COMPARED = ('sr4ir-lite', 'l2t-long', 's2t', 'l2t')
#: Row of the table -> (training, image kind shown to its task network).
ROWS = {
    'L->T, as many updates': ('l2t', 'up'),
    'L->T, as many minutes': ('l2t-long', 'up'),
    'S->T, as many minutes': ('s2t', 'sr'),
    'SR4IR-lite': ('sr4ir-lite', 'sr'),
    'its task network on HR': ('sr4ir-lite', 'hr'),
}
TOP1 = 'accuracy/top1'
COLUMNS = {'top-1 %': (TOP1, '.1f'), 'PSNR': ('sr/psnr', '.2f'), 'minutes': ('minutes', '.1f')}


def main() -> None:
    """Unpack the data, train, evaluate, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seed', type=int, default=0, help='seed of the trainings')
    parser.add_argument(
        '--scratch', action='store_true', help='train the networks that are started from, too'
    )
    args = parser.parse_args()
    start = time.time()
    work = WORK / f'seed_{args.seed}{"_scratch" if args.scratch else ""}'
    os.chdir(ROOT)
    make_data = [sys.executable, 'tools/dataset_converters/make_hand_signs.py', '--out', str(DATA)]
    subprocess.run(make_data, check=True)
    trainings = {name: training_of(name, work, args.seed, args.scratch) for name in RECIPES}
    train_all(trainings, args.scratch)
    metrics = {row: evaluate(trainings[name], kind) for row, (name, kind) in ROWS.items()}
    (work / 'metrics.json').write_text(json.dumps(metrics, indent=1))
    report(metrics)
    print(f'\nPictures (LR | L->T on bilinear | SR4IR-lite on SR | HR): {draw(work)}')
    for name in COMPARED:
        print(f'{name:<11}{last_checkpoint(work / name)}   log {trainings[name].log}')
    print(f'{(time.time() - start) / 60:.1f} minutes')


def training_of(name: str, work: Path, seed: int, scratch: bool) -> Training:
    """One of the trainings."""
    recipe = RECIPES[name]
    init = {net: work / source for net, source in recipe.sources.items() if scratch}
    return Training(Path(recipe.config), work / name, seed, init, recipe.options)


def train_all(trainings: dict[str, Training], scratch: bool) -> None:
    """Train what is not done yet, two at a time, one core each."""

    def finish(name: str) -> str:
        train(trainings[name], lambda line: show(name, line))
        return f'{minutes(trainings[name]):.1f} minutes'

    plan = Plan[str](
        sources=lambda name: RECIPES[name].sources.values() if scratch else (),
        done=lambda name: trainings[name].done,
        finish=finish,
    )
    run_all([name for name in COMPARED if not trainings[name].done], plan, jobs=2)


def show(name: str, line: str) -> None:
    """Show the lines about epochs."""
    if _SHOWN.search(line):
        print(f'    {name:<11}', _NOISE.sub('', line).strip(), flush=True)


def evaluate(training: Training, kind: str) -> dict[str, float]:
    """Test one training's networks on the LR test images."""
    warnings.filterwarnings('ignore')
    from mmengine.config import Config

    cfg = Config.fromfile(training.config)
    cfg.work_dir = str(training.work_dir / f'test_{kind}')
    cfg.load_from = str(last_checkpoint(training.work_dir))
    cfg.merge_from_dict({'model.test_cfg.image': kind})
    cfg.log_level = 'WARNING'
    cfg.custom_hooks = []
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    metrics = {key: float(value) for key, value in cli.build_runner(cfg).test().items()}
    return {**metrics, 'minutes': minutes(training)}


def report(metrics: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    width = max(map(len, metrics))
    print('\n' + ' ' * width + ''.join(f'{column:>9}' for column in COLUMNS))
    for row, values in metrics.items():
        cells = (f'{values[key]:>9{form}}' for key, form in COLUMNS.values())
        print(f'{row:<{width}}' + ''.join(cells))


def draw(work: Path) -> Path:
    """Draw test images that only SR4IR-lite recognises, and one that only L->T does."""
    from sr4ir_mm.apis.comparing import load_models, strip
    from sr4ir_mm.apis.outputs import write_picture
    from sr4ir_mm.visualization import vstack_rows

    weights = [str(last_checkpoint(work / name)) for name in ('l2t-long', 'sr4ir-lite')]
    models = load_models(weights, ['L->T', 'SR4IR-lite'], device='cpu', input='hr')
    # 'gains' before 'losses'.
    telling = sorted(telling_images(models), key=lambda pair: pair[0])
    rows = [strip(models, samples) for _, samples in telling]
    path = work / 'pictures.png'
    write_picture(path, vstack_rows(rows))
    return path


def telling_images(models: dict) -> Iterator[tuple[str, dict]]:
    """Key of ``PICTURES`` and predictions, of as many images as that says, in a random order that does not change."""
    from sr4ir_mm.apis.comparing import predict_all
    from sr4ir_mm.apis.inputs import Images

    wanted = dict(PICTURES)
    paths = sorted(DATA.glob('val/*/*.jpg'))
    random.Random(0).shuffle(paths)
    for image in Images([str(path) for path in paths]):
        samples = predict_all(models, image)
        digit = int(Path(image.name).parent.name)
        right = {title: int(sample.pred_label) == digit for title, sample in samples.items()}
        kind = 'gains' if right['SR4IR-lite'] else 'losses'
        if right['SR4IR-lite'] != right['L->T'] and wanted[kind]:
            wanted[kind] -= 1
            yield kind, samples
        if not any(wanted.values()):
            return


if __name__ == '__main__':
    cli.run(main)
