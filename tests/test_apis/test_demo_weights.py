"""The weights that come with the repository."""

import hashlib
import re
from pathlib import Path

import pytest

from sr4ir_mm.apis import SR4IRInferencer
from sr4ir_mm.apis.checkpoints import shipped_models

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'demo' / 'weights'
ROWS = re.findall(r'^\| `(\S+\.pth)` \| `(\S+)`', (FOLDER / 'README.md').read_text(), re.MULTILINE)
IMAGES = {
    'scenes-det': ['scene_lr.png'],
    'clothing': ['pants_lr.png', 'shoes_lr.png'],
    'mosaics': ['mosaic_lr.png'],
}


def test_hashes_hold_and_every_file_is_listed():
    sums = dict(line.split()[::-1] for line in (FOLDER / 'SHA256SUMS').read_text().splitlines())

    paths = list(FOLDER.glob('*.pth'))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    assert files == sums
    assert set(files) == {name for name, _ in ROWS}
    assert all(re.search(r'-(\w{8})\.pth', name)[1] == digest[:8] for name, digest in sums.items())
    assert sum(path.stat().st_size for path in paths) < 8 * 2**20


@pytest.mark.parametrize('name', sorted(shipped_models()))
def test_a_name_is_enough_to_find_something(name):
    inferencer = SR4IRInferencer(name, device='cpu')

    kind = name.rpartition('_')[2]
    images = [str(ROOT / 'demo/images' / image) for image in IMAGES[kind]]
    found = inferencer(images, return_datasamples=False)['predictions']
    if kind == 'clothing':
        assert [answer['name'] for answer in found] == ['pants', 'shoes']
    if kind == 'mosaics':
        # Bilinear pixels are grass nearly everywhere; truth is 194, 278 and 104 of 576.
        assert set(found[0]['pixels']) == {'brick', 'grass', 'gravel'}
        assert min(found[0]['pixels'].values()) > 100
    if kind == 'scenes-det':
        names = [n for n, s in zip(found[0]['names'], found[0]['scores'], strict=True) if s > 0.5]
        assert sorted(names) == ['brick', 'brick', 'gravel']


def test_shipped_weights_were_published_with_the_config_of_the_list():
    assert set(shipped_models()) == {name[:-13] for name, _ in ROWS}
    assert all(Path(config).stem == name[:-13] for name, config in ROWS)
