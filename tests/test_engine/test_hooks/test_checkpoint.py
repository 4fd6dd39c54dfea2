"""The best checkpoint is the task's, and a validation without task metrics stops nothing."""

import pytest

from tests import toy_runs

PSNR = [dict(type='sr4ir_mm.PSNR', image='up_rgb01'), dict(type='sr4ir_mm.PSNR')]
BOTH = [*PSNR, dict(type='mmpretrain.Accuracy')]


def train(work_dir, save_best, evaluator, epochs=2):
    """The names of the best checkpoints that a training leaves, and its log."""
    options = {'default_hooks.checkpoint.save_best': save_best}
    options |= {'default_hooks.checkpoint.rule': None, 'val_evaluator': evaluator}
    toy_runs.run(work_dir, epochs=epochs, **options)
    (log,) = work_dir.glob('*/*.log')
    return [path.name for path in work_dir.glob('best_*.pth')], log.read_text()


def test_auto_passes_over_image_metrics(tmp_path):
    (best,), _ = train(tmp_path, 'auto', BOTH)

    assert best.startswith('best_accuracy_top1_epoch_')


@pytest.mark.parametrize('save_best', ['auto', 'accuracy/top1'])
def test_a_detector_that_finds_nothing_does_not_stop_the_training(tmp_path, save_best):
    """Its metric then leaves no value, only the image metrics are there."""
    best, log = train(tmp_path, save_best, PSNR)

    assert best == []
    assert 'no best checkpoint is chosen' in log
    assert (tmp_path / 'epoch_2.pth').is_file()
