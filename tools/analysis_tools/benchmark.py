"""Time, memory and arithmetic of a training iteration, part by part, variants in turn.

    python tools/analysis_tools/benchmark.py configs/sr4ir/resnet18_edsr_x4_cars.py --batch 8 --size 224 224
    python tools/analysis_tools/benchmark.py CONFIG --compare literal default concat --iterations 10 --threads 2
    python tools/analysis_tools/benchmark.py CONFIG --methods l2t s2t sr4ir sr4ir-lite
    python tools/analysis_tools/benchmark.py CONFIG --flops    # multiply-adds, and the seconds they take at least

All variants start from the same weights and take the same batches in turn in one process, so that what else the machine
does hits all of them alike: the ratios of the medians are the answer, not the seconds. With one thread on the CPU the
seconds are those of the process itself, so that a busy machine lengthens them little. Images are crops of the
photographs that scikit-image carries (or of ``--images``); batch statistics are settled on them first, so that features
are as large as those of a trained network.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapperDict
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from sr4ir_mm.apis.methods import find_method, method_names
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from sr4ir_mm.testing.parts import PartMeter, watch_training
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.testing.variants import VARIANTS, Variant
from sr4ir_mm.testing.zoo import strip_weights
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.counters import best_rate, clock, flop_counter
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.memory import PeakMemory
from sr4ir_mm.utils.track import track


@dataclass
class Candidate:
    """One variant, built."""

    name: str
    model: TaskDrivenSR
    optimizers: OptimWrapperDict
    autocast: str | None

    def cycle(self) -> int:
        """Iterations that stand for a training (``SRPhase(every=2, begin=0.5)``: two before the half, two after)."""
        every = lcm(*(phase.every for phase in self.model.phases))
        return every * self._late().denominator

    def _late(self) -> Fraction:
        """Share of training after which the last phase begins."""
        begin = max(phase.begin for phase in self.model.phases)
        return Fraction(begin).limit_denominator(4)

    def step(self, batch: dict, iteration: int = 0) -> dict[str, Tensor]:
        """One iteration of a training as long as a cycle; where no phase is late, every loss counts as begun.

        The batch is used up.
        """
        total = self.cycle() if self._late() else None
        hub = MessageHub.get_current_instance()
        hub.update_info('iter', iteration % (total or iteration + 1))
        hub.update_info('max_iters', total)
        device = next(self.model.parameters()).device.type
        dtype = None if self.autocast is None else getattr(torch, self.autocast)
        with torch.autocast(device, dtype) if dtype else nullcontext():
            return self.model.train_step(batch, self.optimizers)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure a training iteration')
    parser.add_argument('config')
    parser.add_argument('--batch', type=int, default=2, help='images in a batch')
    parser.add_argument('--size', nargs=2, type=int, default=[224, 224], help='height and width')
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--iterations', type=int, default=5, help='of each variant, at least a cycle'
    )
    parser.add_argument('--threads', type=int, help="PyTorch's threads")
    parser.add_argument(
        '--compare', nargs='+', choices=list(VARIANTS), default=['literal', 'default']
    )
    parser.add_argument(
        '--methods', nargs='+', choices=method_names(), help='compare methods, as shipped, instead'
    )
    parser.add_argument(
        '--autocast', choices=['bfloat16', 'float16'], help='mixed precision, with --methods'
    )
    parser.add_argument('--flops', action='store_true', help='count multiply-adds by part')
    parser.add_argument('--images', type=Path, help='folder of images instead of photographs')
    parser.add_argument('--out', type=Path, help='JSON file of all figures')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    return parser.parse_args()


def main() -> None:
    """Build every variant, measure them in turn, print the table."""
    args = parse_args()
    if args.autocast and not args.methods:
        raise UserError(
            '--autocast goes with --methods; to compare variants name bf16 or fp16 in --compare.'
        )
    if args.threads:
        torch.set_num_threads(args.threads)
    cfg = load(args)
    init_default_scope(cfg.default_scope)
    candidates = [build(name, cfg, args) for name in args.methods or args.compare]
    photographs = load_photographs(args.images)
    # A median needs a whole cycle of every method.
    iterations = max(args.iterations, *(candidate.cycle() for candidate in candidates))
    batches = [
        real_batch(candidates[0].model, photographs, args, seed) for seed in range(iterations + 1)
    ]
    settle(candidates, batches[0])
    figures = count_flops(candidates, batches[0]) if args.flops else measure(candidates, batches)
    report = dict(
        config=args.config,
        batch=args.batch,
        size=args.size,
        device=device_name(args.device),
        threads=torch.get_num_threads(),
        autocast=args.autocast,
        unit='multiply-adds' if args.flops else 'seconds',
        best_rate=best_rate(torch.device(args.device)) if args.flops else None,
        variants=figures,
    )
    print(table(report))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + '\n')


def load(args: argparse.Namespace) -> Config:
    """The config without weights that would have to be downloaded."""
    options = {'model.init_from': None, **(args.cfg_options or {})}
    cfg = cli.load_config(args.config, options)
    strip_weights(cfg.model)
    return cfg


def build(name: str, cfg: Config, args: argparse.Namespace) -> Candidate:
    """A variant, or a method as shipped, with its optimizers."""
    cfg = copy.deepcopy(cfg)
    variant = Variant('', autocast=args.autocast) if args.methods else VARIANTS[name]
    if args.methods:
        use_method(cfg, name)
    variant.configure(cfg)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    model = model.to(args.device).train()
    variant.change(model)
    wrappers = {key: cfg.optim_wrapper[key] for key in model.trained_nets()}
    constructor = dict(type=cfg.optim_wrapper.constructor, optim_wrapper_cfg=ConfigDict(wrappers))
    optimizers = OPTIM_WRAPPER_CONSTRUCTORS.build(constructor)(model)
    return Candidate(name, model, optimizers, variant.autocast)


def use_method(cfg: Config, name: str) -> None:
    """Replace the phases by those of another method."""
    method = find_method(name)
    cfg.model.phases = method.phases
    cfg.model.test_cfg = dict(method.model.get('test_cfg', {}))
    if not method.needs_sr():
        cfg.model.sr_net = None


def load_photographs(folder: Path | None) -> list[np.ndarray]:
    """(H, W, 3) uint8 BGR images.

    Raises:
        UserError: The folder holds no image.
    """
    if folder is None:
        from skimage import data

        names = ('astronaut', 'chelsea', 'coffee', 'rocket')
        return [getattr(data, name)()[..., ::-1].copy() for name in names]
    images = [cv2.imread(str(path)) for path in sorted(folder.iterdir())]
    images = [image for image in images if image is not None]
    if not images:
        raise UserError(f'{folder} holds no image that can be read; name a folder of images.')
    return images


def real_batch(
    model: TaskDrivenSR, photographs: list[np.ndarray], args: argparse.Namespace, seed: int
) -> dict:
    """A batch of generated labels on crops of real images."""
    height, width = args.size
    batch = make_batch(model.task_net, [(height, width)] * args.batch, seed=seed, masks=False)
    rng = np.random.default_rng(seed)
    for index in range(args.batch):
        photograph = photographs[(seed * args.batch + index) % len(photographs)]
        factor = max(1.0, height / photograph.shape[0], width / photograph.shape[1])
        large = cv2.resize(photograph, None, fx=factor, fy=factor)
        y = rng.integers(0, large.shape[0] - height + 1)
        x = rng.integers(0, large.shape[1] - width + 1)
        crop = np.ascontiguousarray(large[y : y + height, x : x + width].transpose(2, 0, 1))
        batch['inputs'][index] = torch.from_numpy(crop)
    return batch


def settle(candidates: list[Candidate], batch: dict) -> None:
    """Give every norm the statistics of the batch, as training does in time.

    Random weights under frozen statistics make features so small that the processor slows down on denormal numbers.
    """
    first, *others = (candidate.model.task_net for candidate in candidates)
    norms = [module for module in first.modules() if isinstance(module, _BatchNorm)]
    flags = [(norm.training, norm.momentum) for norm in norms]
    for norm in norms:
        norm.training, norm.momentum = True, 1.0
    model = candidates[0].model
    inputs = model.data_preprocessor(copy.deepcopy(batch), True)['inputs']
    with torch.no_grad():
        model.adapter.features(first, inputs.hr_rgb01, inputs, model.default_layers)
    for norm, (training, momentum) in zip(norms, flags, strict=True):
        norm.training, norm.momentum = training, momentum
    for net in others:
        net.load_state_dict(first.state_dict())


def measure(candidates: list[Candidate], batches: list[dict]) -> dict[str, dict]:
    """Seconds by part and in all, and peak memory; the first iteration warms up."""
    device = next(candidates[0].model.parameters()).device
    meters = {candidate.name: PartMeter(clock(device)) for candidate in candidates}
    seconds: dict[str, list[dict[str, float]]] = {candidate.name: [] for candidate in candidates}
    memory: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for candidate in candidates:
        watch_training(meters[candidate.name], candidate.model, candidate.optimizers)
    for iteration, batch in enumerate(track(batches, 'iterations'), -1):
        for candidate in candidates:
            meter = meters[candidate.name]
            # A loader would have made it anew; large images take longer to copy than a GPU to train.
            own = copy.deepcopy(batch)
            with PeakMemory(device) as peak, meter.iteration():
                candidate.step(own, max(iteration, 0))
            seconds[candidate.name].append(dict(meter.totals))
            memory[candidate.name].append(peak.megabytes)
    return {
        c.name: summary(seconds[c.name][1:], max(memory[c.name]), c.cycle()) for c in candidates
    }


def summary(iterations: list[dict[str, float]], memory: float, cycle: int = 1) -> dict:
    """Medians, and the spread of the whole iteration; where phases are left out, of means over a cycle."""
    names = list(dict.fromkeys(name for iteration in iterations for name in iteration))
    iterations = [
        {n: statistics.mean(i.get(n, 0.0) for i in iterations[at : at + cycle]) for n in names}
        for at in range(0, len(iterations) - cycle + 1, cycle)
    ]
    totals = [sum(iteration.values()) for iteration in iterations]
    return dict(
        total=statistics.median(totals),
        spread=[min(totals), max(totals)],
        peak_mb=memory,
        parts={n: statistics.median([i.get(n, 0.0) for i in iterations]) for n in names},
    )


def count_flops(candidates: list[Candidate], batch: dict) -> dict[str, dict]:
    """Multiply-adds by part, as torch's counter sees them (convolutions, products and attention)."""
    figures = {}
    for candidate in candidates:
        with flop_counter() as counter:
            meter = PartMeter(lambda counter=counter: counter.get_total_flops() / 2)
            watch_training(meter, candidate.model, candidate.optimizers)
            iterations = []
            for iteration in range(candidate.cycle()):
                with meter.iteration():
                    candidate.step(copy.deepcopy(batch), iteration)
                iterations.append(dict(meter.totals))
        figures[candidate.name] = summary(iterations, 0.0, candidate.cycle())
    return figures


def device_name(device: str) -> str:
    """What it runs on."""
    return torch.cuda.get_device_name(device) if device.startswith('cuda') else device


def table(report: dict) -> str:
    """A column a variant, a row a part, the ratio to the first variant below."""
    variants = report['variants']
    first = next(iter(variants.values()))
    form = '{:.3g} G' if report['unit'] == 'multiply-adds' else '{:.3f}'
    scale = 1e-9 if report['unit'] == 'multiply-adds' else 1.0
    rows = list(dict.fromkeys(part for figures in variants.values() for part in figures['parts']))
    lines = [f'| {report["unit"]} | {" | ".join(variants)} |', '|---|' + '---|' * len(variants)]
    for row in rows:
        cells = (form.format(scale * v['parts'].get(row, 0.0)) for v in variants.values())
        lines.append(f'| {row} | {" | ".join(cells)} |')
    cells = (form.format(scale * v['total']) for v in variants.values())
    lines.append(f'| **iteration** | {" | ".join(cells)} |')
    ratios = (f'{v["total"] / first["total"]:.2f}' for v in variants.values())
    lines.append(f'| ratio | {" | ".join(ratios)} |')
    if report['best_rate']:
        cells = (f'{v["total"] / report["best_rate"]:.2f}' for v in variants.values())
        rate = f'{scale * report["best_rate"]:.0f} G a second'
        lines.append(f'| seconds at least, at {rate} | {" | ".join(cells)} |')
    if report['unit'] == 'seconds':
        cells = (f'{v["spread"][0]:.3f} to {v["spread"][1]:.3f}' for v in variants.values())
        lines.append(f'| spread | {" | ".join(cells)} |')
        cells = (f'{v["peak_mb"]:.0f}' for v in variants.values())
        lines.append(f'| peak memory, MiB | {" | ".join(cells)} |')
        ratios = (f'{v["peak_mb"] / first["peak_mb"]:.2f}' for v in variants.values())
        lines.append(f'| ratio | {" | ".join(ratios)} |')
    return '\n'.join(lines)


if __name__ == '__main__':
    cli.run(main)
