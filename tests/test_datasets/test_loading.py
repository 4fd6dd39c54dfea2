"""Loading of images from anywhere mmengine reads, and of files that go on after their end."""

import io

import numpy as np
import pytest
from mmengine import fileio
from mmengine.dataset import BaseDataset
from mmengine.fileio import BaseStorageBackend
from PIL import Image

from sr4ir_mm.datasets import LoadImage
from sr4ir_mm.datasets.transforms.loading import check_complete
from sr4ir_mm.utils.errors import UserError


def picture(kind='JPEG', **options) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def with_thumbnail() -> bytes:
    """A JPEG whose EXIF segment holds a whole JPEG."""
    inner = picture()
    exif = b'Exif\x00\x00' + inner
    outer = picture()
    return outer[:2] + b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + outer[2:]


@pytest.mark.parametrize(
    'content',
    [picture(), picture(progressive=True), picture('PNG'), with_thumbnail()],
    ids=['baseline', 'progressive', 'png', 'thumbnail'],
)
def test_whole_files_pass_and_cut_ones_do_not(content):
    check_complete(content)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(OSError, match='truncated'):
            check_complete(content[: int(share * len(content))])


@pytest.mark.parametrize('trailer', [100, 100_000])
def test_what_follows_the_image_does_not_matter(tmp_path, trailer):
    """Motion photos append a film."""
    path = tmp_path / 'motion.jpg'
    path.write_bytes(picture() + np.random.default_rng(1).bytes(trailer))
    assert LoadImage()(dict(img_path=str(path)))['img'].shape == (48, 64, 3)


class Memory(BaseStorageBackend):
    """A store that is no disk."""

    files: dict = {}

    def __init__(self, prefix=''):
        self.prefix = prefix

    def get(self, filepath):
        return self.files[self.prefix + filepath]

    def get_text(self, filepath, encoding='utf-8'):
        return self.get(filepath).decode(encoding)


def test_files_come_through_backend_args():
    fileio.register_backend('memory-of-test', Memory, force=True)
    Memory.files = {'bucket/a.jpg': picture(), 'bucket/b.jpg': picture()[:500]}
    load = LoadImage(backend_args=dict(backend='memory-of-test', prefix='bucket/'))
    results = load(dict(img_path='a.jpg'))
    assert results['img'].shape == (48, 64, 3)
    assert results['img_shape'] == results['ori_shape'] == (48, 64)
    with pytest.raises(UserError, match=r'Image b.jpg cannot be read \(the file is truncated\)'):
        load(dict(img_path='b.jpg'))


def test_ignore_empty_and_to_float32_are_the_parents(tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_bytes(b'')
    assert LoadImage(ignore_empty=True)(dict(img_path=str(path))) is None
    path.write_bytes(picture())
    assert LoadImage(to_float32=True)(dict(img_path=str(path)))['img'].dtype == np.float32


def on_its_side() -> bytes:
    """64 x 48 px that are loaded as 48 x 64."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(exif=exif)


@pytest.mark.parametrize(
    ('color_type', 'told', 'other'),
    [
        ('color', (48, 64), 'color_ignore_orientation'),
        ('grayscale', (48, 64), 'grayscale_ignore_orientation'),
        ('color_ignore_orientation', (64, 48), 'color'),
        ('unchanged', (64, 48), 'color'),
    ],
)
def test_images_turned_away_from_their_boxes_are_refused(tmp_path, color_type, told, other):
    path = tmp_path / 'phone.jpg'
    path.write_bytes(on_its_side())
    info = dict(img_path=str(path), height=told[0], width=told[1])
    with pytest.raises(UserError, match=rf"phone\.jpg comes as .*color_type='{other}' of"):
        LoadImage(color_type=color_type)(dict(info))
    assert LoadImage(color_type=other)(dict(info))['img'].shape[:2] == told
    # Without annotation, or with one of the turned image, nothing is wrong.
    assert LoadImage(color_type=color_type)(dict(img_path=str(path)))['img'].shape[:2] != told
    LoadImage(color_type=color_type)(dict(info, height=told[1], width=told[0]))


class Pictures(BaseDataset):
    """Files without annotations."""

    def load_data_list(self):
        return [dict(img_path=path) for path in self.paths]

    def __init__(self, paths, **kwargs):
        self.paths = [str(path) for path in paths]
        super().__init__(**kwargs)


def test_unreadable_files_are_left_out_of_training_up_to_a_limit(tmp_path, capsys):
    paths = [tmp_path / f'{index}.jpg' for index in range(6)]
    for index, path in enumerate(paths):
        path.write_bytes(picture()[: 400 if index in (1, 3) else None])
    paths[4].unlink()

    images = Pictures(paths, pipeline=[LoadImage(skip=3)])
    assert all(images[index]['img'].shape == (48, 64, 3) for index in range(6) for _ in range(3))

    fewer = Pictures(paths, pipeline=[LoadImage(skip=2)])
    with pytest.raises(UserError, match=r'4\.jpg cannot be read .*skip=2 files were left out'):
        [fewer[index] for index in range(6)]

    tested = Pictures(paths, pipeline=[LoadImage(skip=3)], test_mode=True)
    with pytest.raises(Exception, match='Test time pip'):
        tested[1]
