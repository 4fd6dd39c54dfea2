"""The weights that come with the repository."""

import hashlib
import re
from pathlib import Path

import pytest

from sr4ir_mm.apis.inference import init_model, predict

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'demo' / 'weights'
ROWS = re.findall(r'^\| `(\S+\.pth)` \| `(\S+)`', (FOLDER / 'README.md').read_text(), re.MULTILINE)
IMAGES = {'detection': ['scene_lr.png'], 'classification': ['pants_lr.png', 'shoes_lr.png']}


def test_hashes_hold_and_every_file_is_listed():
    sums = dict(line.split()[::-1] for line in (FOLDER / 'SHA256SUMS').read_text().splitlines())

    paths = list(FOLDER.glob('*.pth'))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    assert files == sums
    assert set(files) == {name for name, _ in ROWS}
    assert all(re.search(r'-(\w{8})\.pth', name)[1] == digest[:8] for name, digest in sums.items())
    assert sum(path.stat().st_size for path in paths) < 8 * 2**20


@pytest.mark.parametrize(('weights', 'config'), ROWS, ids=str)
def test_weights_fit_their_config_and_find_something(weights, config):
    model = init_model(ROOT / config, str(FOLDER / weights))

    if 'clothing' in weights:
        samples = predict(model, [ROOT / 'demo/images' / name for name in IMAGES['classification']])
        names = [model.dataset_meta['classes'][int(sample.pred_label)] for sample in samples]
        assert names == ['pants', 'shoes']
    else:
        (sample,) = predict(model, [ROOT / 'demo/images' / IMAGES['detection'][0]])
        assert len(model.dataset_meta['classes']) == model.task_net.roi_head.bbox_head.num_classes
        if 'scenes' in weights:
            found = sample.pred_instances[sample.pred_instances.scores > 0.5]
            names = [model.dataset_meta['classes'][int(label)] for label in found.labels]
            assert sorted(names) == ['brick', 'brick', 'gravel']
