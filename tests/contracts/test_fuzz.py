"""Whatever comes in, a result or one sentence comes out."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sr4ir_mm.datasets import LoadImage
from sr4ir_mm.utils.cli import user_sentence
from tests import toy

#: 2000 cases in all with SR4IR_FUZZ=1, as the slow run has them.
CASES = 500 if os.getenv('SR4IR_FUZZ') else 40
FUZZ = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def ends_well(function, *args, **kwargs):
    """The result, or None after an error that is told in one sentence."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        sentence = user_sentence(error)
        if sentence is None:
            raise
        assert re.search(r'[.;?!)]$', sentence), sentence
        assert '\n' not in sentence
        return None


# ---- images -------------------------------------------------------------------------------------------------------

MODES = {
    'L': ['PNG', 'JPEG', 'BMP', 'TIFF', 'WEBP'],
    'RGB': ['PNG', 'JPEG', 'BMP', 'TIFF', 'WEBP'],
    'RGBA': ['PNG', 'TIFF', 'WEBP'],
    'P': ['PNG', 'BMP', 'TIFF', 'GIF'],
    '1': ['PNG', 'BMP', 'TIFF'],
    'CMYK': ['JPEG', 'TIFF'],
    'I;16': ['PNG', 'TIFF'],
    'LA': ['PNG', 'TIFF'],
}


@st.composite
def files(draw):
    """An image file of any kind, whole, cut off, with some bytes changed, or no image at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    mode = draw(st.sampled_from(sorted(MODES)))
    size = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    values = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 255, (size[1], size[0], 3))
    picture = Image.fromarray(values.astype(np.uint8))
    picture = picture.convert('I').convert('I;16') if mode == 'I;16' else picture.convert(mode)
    file = io.BytesIO()
    picture.save(file, draw(st.sampled_from(MODES[mode])))
    content = bytearray(file.getvalue())
    for place, value in draw(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3)):
        content[place % len(content)] = value
    return bytes(content[: draw(st.sampled_from([None, None, len(content) // 2]))])


@FUZZ
@given(content=files())
def test_any_file_is_an_image_or_told(tmp_path, content):
    path = tmp_path / 'x.png'
    path.write_bytes(content)

    results = ends_well(LoadImage(), dict(img_path=str(path)))

    assert results is None or (results['img'].ndim, results['img'].shape[2]) == (3, 3)


# ---- annotations --------------------------------------------------------------------------------------------------

NUMBERS = st.one_of(st.integers(-5, 60).map(str), st.floats().map(str), st.sampled_from(['', 'x']))
NAMES = st.sampled_from(['a', 'b', 'other', '', ' a '])


@st.composite
def annotations(draw):
    """A VOC annotation, some of whose parts are missing, odd, or cut off."""
    keys = ('xmin', 'ymin', 'xmax', 'ymax')
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        kept = draw(st.sets(st.sampled_from(keys), min_size=3)) if draw(st.booleans()) else keys
        box = ''.join(f'<{key}>{draw(NUMBERS)}</{key}>' for key in kept)
        name = f'<name>{draw(NAMES)}</name>' if draw(st.integers(0, 5)) else ''
        parts.append(f'<object>{name}<difficult>0</difficult><bndbox>{box}</bndbox></object>')
    size = draw(
        st.sampled_from(['<size><width>32</width><height>24</height></size>', '', '<size/>'])
    )
    text = f'<annotation>{size}{"".join(parts)}</annotation>'
    return text[: draw(st.sampled_from([None, None, None, len(text) // 2]))]


@FUZZ
@given(texts=st.lists(annotations(), min_size=1, max_size=2))
def test_any_voc_annotation_is_read_or_told(tmp_path, texts):
    from sr4ir_mm.datasets import VOCFormatDataset

    for folder in ('Annotations', 'JPEGImages', 'ImageSets'):
        (tmp_path / folder).mkdir(exist_ok=True)
    for index, text in enumerate(texts):
        (tmp_path / 'Annotations' / f'{index}.xml').write_text(text)
        Image.new('RGB', (32, 24)).save(tmp_path / 'JPEGImages' / f'{index}.jpg')
    names = '\n'.join(str(index) for index in range(len(texts)))
    (tmp_path / 'ImageSets' / 'x.txt').write_text(names)

    found = ends_well(
        VOCFormatDataset,
        data_root=str(tmp_path),
        ann_file='ImageSets/x.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(classes=('a', 'b')),
        pipeline=[],
    )

    for info in found.load_data_list() if found else []:
        boxes = np.array([instance['bbox'] for instance in info['instances']])
        assert np.isfinite(boxes).all()


# ---- configs ------------------------------------------------------------------------------------------------------

WEIGHTS = st.sampled_from([0, 0.5, 1, -1, 1.5, float('nan'), '1', None])
KINDS = st.dictionaries(st.sampled_from(['sr', 'hr', 'up', 'cqmix', 'lr']), WEIGHTS, max_size=3)
LOSSES = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional=dict(
            weight=WEIGHTS,
            begin=st.sampled_from([0, 0.1, 1, 2, -1, 'x']),
            criterion=st.sampled_from(['l1', 'mse', 'frobenius', 'l3']),
            layers=st.sampled_from([None, ['backbone.0'], ['nowhere'], [], 'backbone.0', [3]]),
        ),
    ),
)
SR_PHASES = st.fixed_dictionaries(
    dict(type=st.just('sr4ir_mm.SRPhase')),
    optional=dict(
        pixel=LOSSES,
        tdp=LOSSES,
        task=WEIGHTS,
        every=st.sampled_from([1, 2, 0, -1, 'x']),
        balance=st.sampled_from([None, 1.0, 0, -1, 'x']),
    ),
)
TASK_PHASES = st.fixed_dictionaries(
    dict(type=st.just('sr4ir_mm.TaskPhase'), images=KINDS),
    optional=dict(draw=st.sampled_from([None, 'sample', 'iteration', 'x']), concat=st.booleans()),
)
JOINT_PHASES = st.fixed_dictionaries(
    dict(type=st.just('sr4ir_mm.JointPhase'), images=KINDS), optional=dict(pixel=LOSSES, tdp=LOSSES)
)
MODELS = st.fixed_dictionaries(
    dict(phases=st.lists(st.one_of(SR_PHASES, TASK_PHASES, JOINT_PHASES), max_size=2)),
    optional=dict(
        scale=st.sampled_from([4, 4, 4, 2, 3, 0, -1, '4', 1.5, None]),
        cqmix=st.fixed_dictionaries(
            {},
            optional=dict(
                grid=st.sampled_from([1, 4, 0, -2, 99, 'x']),
                mode=st.sampled_from(['grid', 'instance', 'x']),
                curriculum=st.booleans(),
            ),
        ),
        test_cfg=st.dictionaries(
            st.sampled_from(['input', 'image', 'coordinates', 'predict_task', 'other']),
            st.sampled_from(['hr', 'lr', 'sr', 'up', 'x', True, 3]),
            max_size=2,
        ),
    ),
)


def train_and_predict(model, sizes):
    built = toy.build('cls', **model)
    if built.trained_nets():
        built.train().train_step(toy.batch('cls', sizes), toy.optim_wrapper(built))
    with torch.no_grad():
        return built.eval().test_step(toy.batch('cls', sizes))


@FUZZ
@given(model=MODELS, side=st.integers(1, 70), other=st.integers(1, 70))
def test_any_config_trains_or_is_told(model, side, other):
    ends_well(train_and_predict, model, [(side, other)] * 2)


@FUZZ
@given(
    task=st.sampled_from(['det', 'seg']),
    sizes=st.lists(st.tuples(st.integers(1, 70), st.integers(1, 70)), min_size=1, max_size=2),
)
def test_images_of_any_size_are_seen_or_told(models, task, sizes):
    with torch.no_grad():
        # mmseg stacks test images of one size alone.
        sizes = sizes if task == 'det' else sizes[:1]
        ends_well(models[task].test_step, toy.batch(task, sizes))


@pytest.fixture(scope='module')
def models():
    return {task: toy.build(task).eval() for task in ('det', 'seg')}
