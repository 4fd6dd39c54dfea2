"""Workers hand small tensors over by their value, others as torch does, and live as long as the training."""

import fcntl
import io
import os
import pickle
import signal
from contextlib import suppress
from multiprocessing.reduction import ForkingPickler
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from sr4ir_mm.engine.loops import workers

DTYPES = (torch.uint8, torch.bool, torch.int64, torch.float32, torch.bfloat16)
SMALL, LARGE = (3, 64, 64), (3, 512, 512)


class Images(Dataset):
    """One small and one large image, with a label each."""

    def __getitem__(self, index):
        shape = (SMALL, LARGE)[index]
        return dict(image=torch.full(shape, index, dtype=torch.uint8), label=torch.tensor(index))

    def __len__(self):
        return 2


def handed_over(tensor):
    buffer = io.BytesIO()
    pickler = ForkingPickler(buffer, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table[torch.Tensor] = workers._reduce
    pickler.dump(tensor)
    return pickle.loads(buffer.getvalue())


def take_all(count):
    loader = DataLoader(Images(), batch_size=None, num_workers=count)
    workers.prepare_workers(loader)
    iterator = workers.begin_pass(loader)
    try:
        return list(iterator)
    finally:
        workers.end_workers(loader, iterator)


@given(shape=st.lists(st.integers(0, 5), max_size=4), dtype=st.sampled_from(DTYPES))
def test_values_type_and_shape_stay(shape, dtype):
    tensor = torch.randint(0, 2, shape).to(dtype)
    other = handed_over(tensor)
    assert other.dtype == dtype
    assert torch.equal(other, tensor)
    other.zero_()


def test_a_view_is_handed_over_alone():
    values = torch.arange(24).view(4, 6)
    assert torch.equal(handed_over(values[2]), values[2])
    assert torch.equal(handed_over(values[2:3, 1:2]), values[2:3, 1:2])


@pytest.mark.parametrize('part', ['conj', 'imag'])
def test_views_whose_bytes_are_not_their_values(part):
    """Conjugates, and the negated imaginary parts of such, are views that note it beside the bytes."""
    tensor = torch.complex(torch.ones(2), torch.arange(2.0)).conj()
    tensor = tensor if part == 'conj' else tensor.imag

    assert torch.equal(handed_over(tensor), tensor)


def test_one_value_may_have_any_stride():
    label = torch.tensor(7).expand(1)
    assert label.stride() == (0,)
    assert torch.equal(handed_over(label), label)


@pytest.mark.parametrize(
    'tensor',
    [
        torch.rand(4, 6).T,
        torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        torch.rand(2, requires_grad=True),
    ],
    ids=['transposed', 'channels_last', 'requires_grad'],
)
def test_others_go_as_before(tensor):
    other = handed_over(tensor)
    assert torch.equal(other, tensor)
    assert other.stride() == tensor.stride()
    assert other.requires_grad == tensor.requires_grad


@pytest.mark.parametrize('count', [0, 1, 2])
def test_only_large_tensors_take_shared_memory(count):
    batches = take_all(count)
    assert [batch['image'].unique().tolist() for batch in batches] == [[0], [1]]
    assert [batch['label'].item() for batch in batches] == [0, 1]
    assert not any(batch['label'].is_shared() for batch in batches)
    assert [batch['image'].is_shared() for batch in batches] == [False, count > 0]


def test_a_worker_does_not_wait_for_the_reader(monkeypatch):
    sizes = []
    widen = workers._widen

    def noted(pipe):
        widen(pipe)
        sizes.append(fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ))

    monkeypatch.setattr(workers, '_widen', noted)
    take_all(1)
    assert sizes == [workers._PIPE_SIZE]


def test_a_pipe_that_may_not_grow_serves_as_it_is(monkeypatch):
    def refuse(*unused):
        raise PermissionError

    monkeypatch.setattr(workers, 'fcntl', refuse)
    batches = take_all(1)
    assert len(batches) == 2


@pytest.mark.parametrize('raises', [False, True])
def test_workers_of_the_validation_live_as_long_as_the_training(raises):
    """A signal to the whole group would end them, and their end the training, before it has saved."""
    loader = DataLoader(list(range(4)), num_workers=1, persistent_workers=True)
    loop = SimpleNamespace(dataloader=loader)

    with suppress(SystemExit), workers.lasting_workers(loop):
        assert [value.item() for value in loader] == list(range(4))
        (worker,) = loader._iterator._workers
        os.kill(worker.pid, signal.SIGTERM)
        assert [value.item() for value in loader] == list(range(4))
        if raises:
            raise SystemExit

    worker.join(10)
    assert not worker.is_alive()
    assert loader._iterator is None


@pytest.mark.parametrize('loop', [None, {}, SimpleNamespace(dataloader=dict(batch_size=1))])
def test_a_loop_that_is_not_built_has_no_workers(loop):
    with workers.lasting_workers(loop):
        pass
