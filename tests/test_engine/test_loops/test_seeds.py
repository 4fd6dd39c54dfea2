"""The order of the images and their augmentations follow the seed of the run, a resumed one's too."""

import albumentations
import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from sr4ir_mm.engine.loops.batches import NumberedBatches, seeded_apart
from tests import toy_runs
from tests.contracts.test_resume import assert_equal, states

IMAGES = 8


def train(work_dir, seed, stop=None, loop=None, **options):
    """Without validation; ``seed=None`` is a config that names none."""
    hooks = [] if stop is None else [dict(type='sr4ir_mm.SignalIn', iteration=stop)]
    without = dict.fromkeys(('val_cfg', 'val_dataloader', 'val_evaluator'))
    length = dict(epochs=2) if loop is None else loop
    cfg = {**without, **length, 'randomness.seed': seed, 'custom_hooks': hooks, **options}
    return toy_runs.run(work_dir, **{**cfg, 'default_hooks.checkpoint.save_best': None})


@pytest.mark.parametrize(('first', 'then'), [(3, 100), (None, None)])
@pytest.mark.parametrize('loop', [None, toy_runs.by_iterations(8)], ids=['epochs', 'iterations'])
def test_a_resumed_run_keeps_the_seed_that_it_began_with(tmp_path, loaded, first, then, loop):
    with pytest.raises(SystemExit):
        train(tmp_path, first, stop=1, loop=loop)
    runner = train(tmp_path, then, loop=loop, resume=True)

    assert sorted(loaded[:IMAGES]) == sorted(loaded[IMAGES:]) == list(range(IMAGES))
    straight = train(tmp_path / 'straight', runner.seed, loop=loop)
    name = 'epoch_2.pth' if loop is None else 'iter_8.pth'
    assert straight.seed == runner.seed
    pairs = zip(states(tmp_path / name), states(tmp_path / 'straight' / name), strict=True)
    for state, expected in pairs:
        assert_equal(state, expected)


def test_a_sampler_with_a_seed_of_its_own_keeps_it(tmp_path):
    sampler = dict(type='DefaultSampler', shuffle=True, seed=7)
    runner = train(tmp_path, 3, **{'train_dataloader.sampler': sampler})

    assert runner.train_loop.dataloader.batch_sampler.sampler.seed == 7


class Brightened(Dataset):
    """Grey images with an augmentation that has a generator of its own."""

    def __init__(self):
        change = albumentations.RandomBrightnessContrast(p=1.0)
        self.pipeline = [dict(), type('Albu', (), {})()]
        self.pipeline[1].aug = albumentations.Compose([change])

    def __len__(self):
        return 4

    def __getitem__(self, index):
        image = np.full((4, 4, 3), 100, np.uint8)
        return int(self.pipeline[1].aug(image=image)['image'][0, 0, 0])


def brightnesses(workers, seed=100, epochs=2):
    loader = DataLoader(Brightened(), batch_size=1, num_workers=workers)
    batches = NumberedBatches(loader, seed)
    values = []
    for epoch in range(epochs):
        batches.start(4 * epoch)
        values.append([value.item() for value in loader])
    return values


def test_augmentations_with_generators_of_their_own_follow_the_seed():
    first, second = brightnesses(0)

    assert first != second
    assert len(set(first + second)) > 4
    assert brightnesses(0) == [first, second]
    assert brightnesses(0, seed=101) != [first, second]


def test_they_are_found_in_every_wrapper():
    inner = Brightened()
    wrapper = type('Concat', (), {})()
    wrapper.datasets = [inner, type('Repeat', (), {})()]
    wrapper.datasets[1].dataset = Brightened()

    assert len(seeded_apart(wrapper)) == 2
    assert seeded_apart(toy_runs.ToyClassification(pipeline=[])) == []


def test_a_transform_may_hold_the_data_set_that_it_is_of():
    data_set = Brightened()
    data_set.pipeline.append(type('Mix', (), {})())
    data_set.pipeline[-1].dataset = data_set

    assert len(seeded_apart(data_set)) == 1


def test_a_pipeline_that_a_hook_puts_in_follows_the_seed():
    def values():
        loader = DataLoader(Brightened(), batch_size=1)
        NumberedBatches(loader, 100)
        loader.dataset.pipeline = Brightened().pipeline
        return [value.item() for value in loader]

    assert values() == values()
