"""Started by torchrun: two processes evaluate five images together; see test_base.py."""

import json
import sys
from pathlib import Path

import torch.distributed as dist
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader

from sr4ir_mm.evaluation import PSNR, SSIM
from sr4ir_mm.utils.cli import leave_gloo
from tests.test_evaluation.samples import data_samples


def main(out: str, batch_size: str) -> None:
    dist.init_process_group('gloo')
    samples = data_samples(5)
    sampler = DefaultSampler(samples, shuffle=False)
    loader = DataLoader(
        samples, batch_size=int(batch_size), sampler=sampler, collate_fn=lambda batch: batch
    )
    found = {}
    for metric in (PSNR(), SSIM(image='up_rgb01')):
        for batch in loader:
            metric.process(None, batch)
        found.update(metric.evaluate(len(samples)))
    if dist.get_rank() == 0:
        Path(out).write_text(json.dumps(found))


if __name__ == '__main__':
    main(*sys.argv[1:])
    leave_gloo()
