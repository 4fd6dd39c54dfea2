"""The pre-flight check: what it finds missing, and how it says so."""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mmengine.config import Config

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.resources import (
    cached_file,
    check_resources,
    download,
    downloads,
    iter_datasets,
    iter_weights,
    resolve_location,
)


@pytest.fixture
def voc(tmp_path):
    """A VOC devkit's folders with one image id, and the config of a data set on it."""
    root = tmp_path / 'VOC2012'
    for folder in ('JPEGImages', 'Annotations', 'ImageSets/Main'):
        (root / folder).mkdir(parents=True)
    (root / 'ImageSets/Main/train.txt').write_text('000001\n')
    return dict(type='mmdet.VOCDataset', data_root=str(root), ann_file='ImageSets/Main/train.txt')


def config(dataset=None, **others):
    train = dict(batch_size=1, dataset=dataset) if dataset else None
    return Config(dict(train_dataloader=train, model=dict(type='Toy'), **others))


def message(cfg, mode='train'):
    with pytest.raises(UserError) as caught:
        check_resources(cfg, mode)
    text = str(caught.value)
    assert '\n' not in text
    assert text.endswith(('.', '?'))
    return text


def test_complete_data_passes(voc):
    check_resources(config(voc))


def test_missing_root_is_named_with_its_absolute_path(voc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    voc['data_root'] = 'data/VOCdevkit/VOC2012'
    text = message(config(voc))
    assert str(tmp_path / 'data/VOCdevkit/VOC2012') in text
    assert 'train_dataloader.dataset.data_root' in text
    assert 'docs/prepare_data.md' in text


def test_config_says_how_to_get_its_data(voc):
    voc['data_root'] = '/nowhere'
    assert message(config(voc, data_help='run get_voc.')).endswith('; run get_voc.')


@pytest.mark.parametrize('part', ['ImageSets/Main/train.txt', 'JPEGImages', 'Annotations'])
def test_missing_part_of_a_devkit(voc, part):
    path = Path(voc['data_root']) / part
    path.unlink() if path.is_file() else path.rmdir()
    assert str(path) in message(config(voc))


def test_wrapped_datasets_are_opened(voc):
    missing = {**voc, 'ann_file': 'ImageSets/Main/nope.txt'}
    wrapped = dict(
        type='RepeatDataset',
        times=2,
        dataset=dict(type='ConcatDataset', datasets=[voc, missing]),
    )
    assert 'train_dataloader.dataset.dataset.datasets.1.ann_file' in message(config(wrapped))


def test_lists_of_loaders_are_opened():
    loaders = [dict(dataset=dict(type='A')), dict(dataset=dict(type='B'))]
    names = [where for where, _ in iter_datasets(loaders, 'val_dataloader')]
    assert names == ['val_dataloader.0.dataset', 'val_dataloader.1.dataset']


def test_segmentation_and_classification_prefixes(tmp_path):
    (tmp_path / 'images').mkdir()
    dataset = dict(
        type='mmseg.PascalVOCDataset',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
    )
    assert str(tmp_path / 'labels') in message(config(dataset))
    dataset = dict(type='mmpretrain.CustomDataset', data_root=str(tmp_path), data_prefix='train')
    assert str(tmp_path / 'train') in message(config(dataset))


def test_absolute_prefix_is_not_joined(tmp_path):
    dataset = dict(type='X', data_root=str(tmp_path), data_prefix=dict(img='/nowhere/img'))
    assert message(config(dataset)).startswith('/nowhere/img ')


def test_data_of_other_backends_is_left_alone():
    dataset = dict(type='X', data_root='s3://bucket/voc', ann_file='train.txt')
    check_resources(config(dataset))
    dataset = dict(type='X', data_root='voc', backend_args=dict(backend='petrel'))
    check_resources(config(dataset))


@pytest.mark.parametrize('content', ['', ' \n\n'])
def test_empty_list_of_images(voc, content):
    path = Path(voc['data_root']) / voc['ann_file']
    path.write_text(content)
    text = message(config(voc))
    assert str(path) in text
    assert 'empty' in text


@pytest.mark.parametrize(
    ('content', 'reason'), [('{"images": [{"id"', 'JSON'), ('{"images": []}', 'lists no image')]
)
def test_broken_json(tmp_path, content, reason):
    (tmp_path / 'a.json').write_text(content)
    assert reason in message(config(dict(type='X', data_root=str(tmp_path), ann_file='a.json')))


def test_good_json_passes(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps({'images': [{'id': 1}]}))
    check_resources(config(dict(type='X', data_root=str(tmp_path), ann_file='a.json')))


@pytest.mark.skipif(os.geteuid() == 0, reason='root reads everything')
def test_unreadable_list_of_images(voc):
    (Path(voc['data_root']) / voc['ann_file']).chmod(0)
    assert 'permissions' in message(config(voc))


def test_modes_look_at_their_own_loaders(voc):
    missing = dict(dataset={**voc, 'data_root': '/nowhere'})
    check_resources(config(voc, test_dataloader=missing))
    check_resources(config(test_dataloader=dict(dataset=voc), val_dataloader=missing), 'test')
    message(config(voc, val_dataloader=missing))
    message(config(voc, test_dataloader=missing), 'test')


def test_annotations_of_a_metric(voc):
    evaluator = [dict(type='A'), dict(type='CocoMetric', ann_file='/nowhere/val.json')]
    assert 'val_evaluator.1.ann_file' in message(config(voc, val_evaluator=evaluator))
    evaluator = dict(type='Evaluator', metrics=evaluator)
    assert 'val_evaluator.metrics.1' in message(config(voc, val_evaluator=evaluator))


def test_unknown_mode():
    with pytest.raises(ValueError, match='mode'):
        check_resources(config(), 'val')


# ---------------------------------------------------------------------------------------- weights


def test_weights_are_found_wherever_a_model_names_them():
    model = dict(
        type='sr4ir_mm.TaskDrivenSR',
        init_from=dict(sr_net='sr.pth', task_net=dict(checkpoint='t.pth', prefix='x.'), other=None),
        task_net=dict(
            backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')),
            neck=dict(init_cfg=[dict(type='Normal'), dict(type='Pretrained', checkpoint='n.pth')]),
            head=dict(pretrained='h.pth', pretrained_backbone=True),
            other=dict(pretrained=True),
        ),
    )
    cfg = Config(dict(model=model, load_from='all.pth'))
    assert dict(iter_weights(cfg, 'train')) == {
        'load_from': 'all.pth',
        'model.init_from.sr_net': 'sr.pth',
        'model.init_from.task_net.checkpoint': 't.pth',
        'model.task_net.backbone.init_cfg.checkpoint': 'torchvision://resnet18',
        'model.task_net.neck.init_cfg.1.checkpoint': 'n.pth',
        'model.task_net.head.pretrained': 'h.pth',
    }
    assert dict(iter_weights(cfg, 'test')) == {'load_from': 'all.pth'}
    cfg.load_from = None  # a test of finished networks
    assert dict(iter_weights(cfg, 'test')) == {
        'model.init_from.sr_net': 'sr.pth',
        'model.init_from.task_net.checkpoint': 't.pth',
    }


def test_missing_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = Config(dict(model=dict(init_from=dict(sr_net='edsr.pth'))))
    text = message(cfg)
    assert str(tmp_path / 'edsr.pth') in text
    assert '--cfg-options model.init_from.sr_net=PATH' in text
    assert text.endswith(' model.init_from=None.')
    cfg.weights_help = {'swinir': 'no', 'edsr*.pth': 'run get_edsr'}
    assert message(cfg).endswith('; run get_edsr.')
    cfg.weights_help, cfg.task_weights_help = {}, {'edsr': 'ask the detector'}
    assert message(cfg).endswith('; ask the detector.')
    (tmp_path / 'edsr.pth').write_bytes(b'old format')
    check_resources(cfg)


def test_truncated_weights(tmp_path):
    import torch

    path = tmp_path / 'a.pth'
    cfg = Config(dict(load_from=str(path)))
    torch.save({'state_dict': {'w': torch.ones(100)}}, path)
    check_resources(cfg)
    content = path.read_bytes()
    for rest in (content[:-30], b''):
        path.write_bytes(rest)
        assert f'{path} are cut off' in message(cfg)


def test_missing_checkpoint_of_a_test():
    assert 'load_from' in message(Config(dict(load_from='/nowhere/epoch_1.pth')), 'test')


def test_names_of_the_model_zoos():
    url = resolve_location('torchvision://resnet50', 'x')
    assert url.startswith('https://')
    assert 'resnet50' in url
    assert resolve_location('open-mmlab://resnet50_caffe', 'x').startswith('https://')
    assert resolve_location('mmcls://resnet50', 'x').startswith('https://')
    assert resolve_location('s3://bucket/a.pth', 'x') is None
    assert resolve_location('~/a.pth', 'x') == str(Path.home() / 'a.pth')
    with pytest.raises(UserError, match=r"no model 'resnet51'.*did you mean resnet"):
        resolve_location('torchvision://resnet51', 'x')


def test_cache_is_the_one_torch_uses(tmp_path, monkeypatch):
    import torch

    url = 'https://host/path/net-1234.pth?download=1'
    for variable in ('TORCH_HOME', 'XDG_CACHE_HOME'):
        monkeypatch.setenv(variable, str(tmp_path / variable))
        expected = Path(torch.hub.get_dir()) / 'checkpoints' / 'net-1234.pth'
        assert cached_file(url) == str(expected)
        monkeypatch.delenv(variable)
    assert cached_file(url) == str(Path(torch.hub.get_dir()) / 'checkpoints' / 'net-1234.pth')


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A local web server: /good.pth has 5 bytes, /short.pth stops early, others do not exist."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in ('/good.pth', '/short.pth'):
                self.send_error(404, 'gone')
                return
            self.send_response(200)
            self.send_header('Content-Length', '5' if self.path == '/good.pth' else '500')
            self.end_headers()
            self.wfile.write(b'abcde')

        def log_message(self, *args):
            pass

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f'http://127.0.0.1:{running.server_port}'
        running.shutdown()
        thread.join()


def weights_config(url):
    init_cfg = dict(type='Pretrained', checkpoint=url)
    return Config(dict(model=dict(backbone=dict(init_cfg=init_cfg))))


def test_url_is_downloaded_once_into_the_cache(server, tmp_path, capsys):
    cfg = weights_config(f'{server}/good.pth')
    check_resources(cfg)
    assert (tmp_path / 'hub/checkpoints/good.pth').read_bytes() == b'abcde'
    assert 'downloading' in capsys.readouterr().err
    check_resources(cfg)
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize(('name', 'reason'), [('none.pth', 'gone'), ('short.pth', '500 bytes')])
def test_failed_download_leaves_nothing(server, tmp_path, name, reason):
    text = message(weights_config(f'{server}/{name}'))
    assert reason in text
    assert f'{server}/{name}' in text
    assert str(tmp_path / 'hub/checkpoints' / name) in text
    assert list((tmp_path / 'hub/checkpoints').iterdir()) == []


def test_unreachable_server(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    text = message(weights_config('http://127.0.0.1:9/net.pth'))
    assert 'cannot be downloaded' in text
    assert text.endswith(' --cfg-options model.backbone.init_cfg=None.')


def test_missing_file_comes_before_any_download(server, tmp_path, monkeypatch):
    cfg = weights_config(f'{server}/good.pth')
    cfg.model.init_from = dict(sr_net=str(tmp_path / 'none.pth'))
    monkeypatch.setattr(downloads, 'download', lambda *args: pytest.fail('downloaded'))
    assert 'none.pth' in message(cfg)


def test_download_makes_its_folder(server, tmp_path):
    download(f'{server}/good.pth', str(tmp_path / 'a/b/good.pth'))
    assert (tmp_path / 'a/b/good.pth').stat().st_size == 5


def test_check_is_done_before_torch_is_imported():
    code = 'import sys, sr4ir_mm.utils.cli, sr4ir_mm.utils.resources; print("torch" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'
