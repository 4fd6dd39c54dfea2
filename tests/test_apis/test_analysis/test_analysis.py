"""The analyses of the supplement, on the models and images that come with the package."""

import csv
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage import data
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sr4ir_mm.apis import SR4IRInferencer
from sr4ir_mm.apis.analysis import cam, cross_task, efficiency, features, sr_benchmark
from sr4ir_mm.apis.analysis.images import prepare
from sr4ir_mm.apis.checkpoints import config_in, config_text, read_checkpoint, shipped_models
from sr4ir_mm.apis.outputs import check_folder, picture_stem, write_picture
from sr4ir_mm.evaluation.metrics import LPIPS, PSNR
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import luma

ROOT = Path(__file__).parents[3]
DEMO = ROOT / 'demo/images'
SCENES, CLOTHING = 'sr4ir_x4_scenes-det', 'sr4ir_x8_clothing'
MOSAICS = 'sr4ir-plus_x4_mosaics'


def run(tool, *arguments):
    """Run a tool as its command line does."""
    path = ROOT / f'tools/analysis_tools/{tool}.py'
    argv, sys.argv = sys.argv, [str(path), *map(str, arguments)]
    try:
        runpy.run_path(str(path), run_name='__main__')
    finally:
        sys.argv = argv


@pytest.fixture(scope='module')
def clothing():
    return SR4IRInferencer(CLOTHING, device='cpu', show_progress=False)


@pytest.fixture
def clothes(tmp_path):
    """Folders of two classes with the demo images, mirrored and shifted."""
    for name in ('pants', 'shoes'):
        image = cv2.imread(str(DEMO / f'{name}_lr.png'))
        for index in range(4):
            path = tmp_path / 'clothes' / name / f'{index}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            changed = np.roll(image, index // 2, axis=1)
            cv2.imwrite(str(path), changed[:, ::-1] if index % 2 else changed)
    return tmp_path / 'clothes'


# ---- S1 -------------------------------------------------------------------------------------------------------


def test_classes_are_apart_in_the_map_of_features(clothing, clothes, tmp_path, capsys):
    run(
        *('feature_tsne', CLOTHING, '--images', clothes, '--input', 'lr', '--kinds', 'up', 'sr'),
        *('-o', tmp_path / 'map.png', '--device', 'cpu'),
    )

    assert '16 points' in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / 'map.png')).std() > 5
    rows = list(csv.DictReader((tmp_path / 'map.csv').open()))
    assert {row['kind'] for row in rows} == {'up', 'sr'}
    places = {
        label: np.array([[float(r['x']), float(r['y'])] for r in rows if r['label'] == label])
        for label in ('pants', 'shoes')
    }
    between = np.linalg.norm(places['pants'].mean(0) - places['shoes'].mean(0))
    assert between > max(np.linalg.norm(p - p.mean(0), axis=1).mean() for p in places.values())


def test_hr_features_are_at_distance_zero_of_themselves(tmp_path):
    inferencer = SR4IRInferencer(CLOTHING, device='cpu', input='hr', show_progress=False)
    path = tmp_path / 'class/cat.png'
    path.parent.mkdir()
    cv2.imwrite(str(path), data.chelsea()[..., ::-1])

    points = features.collect_points(inferencer, path, ['up', 'sr', 'hr'])

    assert {point.label for point in points} == {'class'}
    assert len({point.vector.shape for point in points}) == 1
    apart = features.distances_to_hr([*points, *points[2:]])
    assert set(apart) == {'up', 'sr'}
    assert all(distance > 0 for distance in apart.values())
    expected = np.linalg.norm(points[0].vector - points[2].vector)
    assert apart['up'] == pytest.approx(float(expected))


def test_too_few_points_are_told(clothing):
    points = features.collect_points(clothing, str(DEMO / 'pants_lr.png'), ['sr'])
    with pytest.raises(UserError, match='give more images'):
        features.embed(points)


# ---- S2, S4 ---------------------------------------------------------------------------------------------------


def test_networks_of_two_models_work_together(tmp_path, capsys):
    run('cross_task', '--sr', MOSAICS, SCENES, '--task', SCENES, '-o', tmp_path)

    path = tmp_path / f'{MOSAICS}--{SCENES}.pth'
    assert str(path) in capsys.readouterr().out
    mixed, mosaics, scenes = (
        SR4IRInferencer(**named, device='cpu', show_progress=False)
        for named in (dict(weights=path), dict(model=MOSAICS), dict(model=SCENES))
    )
    for part, owner in (('sr_net', mosaics), ('task_net', scenes)):
        expected = getattr(owner.model, part).state_dict()
        for name, value in getattr(mixed.model, part).state_dict().items():
            assert torch.equal(value, expected[name]), (part, name)
    # Away from the right and the lower edge, where a detector's preprocessor pads and a segmentor's does not.
    images = [m(str(DEMO / 'scene_lr.png'))['sr_images'][0] for m in (mixed, mosaics)]
    assert np.allclose(*(image[:64, :64].astype(float) for image in images), atol=1)
    assert mixed.model.dataset_meta['classes'] == scenes.model.dataset_meta['classes']
    # A model with itself is the model.
    same = SR4IRInferencer(
        weights=tmp_path / f'{SCENES}--{SCENES}.pth', device='cpu', show_progress=False
    )
    ours, own = (m(str(DEMO / 'scene_lr.png'))['predictions'][0] for m in (same, scenes))
    assert torch.equal(ours.pred_instances.scores, own.pred_instances.scores)


def test_pairs_are_evaluated_in_a_table(tmp_path, capsys):
    from sr4ir_mm.datasets.sample import write_sample

    write_sample(tmp_path / 'data', 1, 3, 96, 0, 4.0)
    root = tmp_path / 'data/VOCdevkit/VOC2012/'
    options = [
        f'test_dataloader.dataset.data_root={root}',
        'test_dataloader.dataset.ann_file=ImageSets/Main/val.txt',
        'test_dataloader.num_workers=0',
        'test_dataloader.dataset.indices=3',
        'model.init_from.task_net=long_gone.pth',
    ]
    run(
        *(
            'cross_task',
            '--sr',
            SCENES,
            MOSAICS,
            '--task',
            SCENES,
            '-o',
            tmp_path / 'out',
            '--test',
        ),
        *('--metric', 'coco/bbox_mAP_50', '--cfg-options', *options),
    )

    assert '| SR network | sr4ir_x4_scenes-det |' in capsys.readouterr().out
    rows = (tmp_path / 'out/table.md').read_text().splitlines()[2:]
    values = [float(row.split()[-2]) for row in rows]
    assert len(values) == 2
    assert all(0 <= value <= 1 for value in values)
    assert values[0] > 0.3  # the model itself, on the scenes it knows


@pytest.fixture
def namesakes(tmp_path):
    """Checkpoints of two runs whose folders and files are called alike."""
    paths = [tmp_path / run / 'seed_0/epoch_1.pth' for run in ('sr4ir', 's2t')]
    for path in paths:
        path.parent.mkdir(parents=True)
        shutil.copy(shipped_models()[SCENES], path)
    return paths


def test_checkpoints_of_one_name_are_told_apart_in_files_and_tables(namesakes, tmp_path, capsys):
    out = tmp_path / 'out'
    run('cross_task', '--sr', *namesakes, '--task', SCENES, '-o', out)
    expected = {f'{run}_seed_0_epoch_1--{SCENES}.pth' for run in ('sr4ir', 's2t')}
    assert {path.name for path in out.iterdir()} == expected

    capsys.readouterr()
    run('efficiency', *namesakes, '--size', 8, 8, '--repeats', 1, '--device', 'cpu')
    told = capsys.readouterr().out
    assert '| sr4ir/seed_0/epoch_1 |' in told
    assert '| s2t/seed_0/epoch_1 |' in told


def test_every_network_of_the_task_model_is_kept(tmp_path):
    checkpoint = read_checkpoint(str(shipped_models()[SCENES]))
    cfg = config_in(checkpoint, SCENES)
    cfg.model.discriminator = dict(type='sr4ir_mm.RealFakeBranch')
    checkpoint['meta']['cfg'] = config_text(cfg)
    checkpoint['state_dict']['discriminator.linear.weight'] = torch.ones(1, 4)
    torch.save(checkpoint, tmp_path / 'adversarial.pth')

    mixed = cross_task.combine(MOSAICS, str(tmp_path / 'adversarial.pth'))['state_dict']

    assert torch.equal(mixed['discriminator.linear.weight'], torch.ones(1, 4))
    lent = read_checkpoint(str(shipped_models()[MOSAICS]))['state_dict']
    for name, value in lent.items():
        if name.startswith('sr_net.'):
            assert torch.equal(mixed[name], value)


@pytest.mark.parametrize(
    ('tool', 'arguments'),
    [
        ('cross_task', ('--sr', SCENES, '--task', SCENES)),
        ('grad_cam', (SCENES, '--images', 'nothing.png')),
        ('report', ('nothing',)),
        ('efficiency', (SCENES,)),
        ('sr_benchmark', (SCENES, '--folders', 'nothing')),
        ('feature_tsne', (SCENES, '--images', 'nothing.png')),
    ],
)
def test_an_output_that_cannot_be_written_is_told_first(tool, arguments, tmp_path, capsys):
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit):
        run(tool, *arguments, '-o', tmp_path / 'file/out/table')
    assert 'give another place with -o' in capsys.readouterr().err


def test_a_folder_that_can_be_written_is_made(tmp_path):
    check_folder(tmp_path / 'new/one', '-o')
    assert (tmp_path / 'new/one').is_dir()


def test_a_model_without_an_sr_network_has_none_to_lend():
    weights = ROOT / 'demo/weights/init/h2t_hand-signs-d49d0dff.pth'
    with pytest.raises(UserError, match=r'no SR network|holds no config'):
        cross_task.combine(str(weights), SCENES)


# ---- S3 -------------------------------------------------------------------------------------------------------


def test_costs_are_those_of_the_networks(capsys):
    run('efficiency', SCENES, '--size', 32, 32, '--repeats', 2, '--device', 'cpu')
    assert f'| {SCENES} | sr | 32 x 32 |' in capsys.readouterr().out

    inferencer = SR4IRInferencer(SCENES, device='cpu', show_progress=False)
    small, large = (efficiency.measure_cost(inferencer, (side, side), 2) for side in (32, 64))
    sr_net = inferencer.model.sr_net.net
    assert small.sr_parameters == sum(p.numel() for p in sr_net.parameters())
    assert large.sr_madds == pytest.approx(4 * small.sr_madds, rel=1e-6)
    # By hand: convolutions of EDSR, each weight once a pixel; the last one on the enlarged image.
    convolutions = {n: m for n, m in sr_net.named_modules() if isinstance(m, torch.nn.Conv2d)}
    sides = dict.fromkeys(convolutions, 1)
    shuffled = [name for name in convolutions if name.startswith('upsample')]
    for step, name in enumerate(shuffled):
        sides[name] = 2**step
    sides[list(convolutions)[-1]] = 4
    expected = sum((32 * sides[n]) ** 2 * m.weight.numel() for n, m in convolutions.items())
    assert small.sr_madds == pytest.approx(expected, rel=1e-6)
    assert small.task_madds > 0
    assert small.images_a_second > 0


# ---- S6 -------------------------------------------------------------------------------------------------------


@pytest.fixture
def benchmark(tmp_path):
    """Five images in the layout of the benchmarks."""
    folder = tmp_path / 'Set5'
    (folder / 'HR').mkdir(parents=True)
    pictures = [data.chelsea(), data.coffee(), data.astronaut(), data.rocket(), data.chelsea()]
    for index, picture in enumerate(pictures):
        crop = picture[60:161, 100:190]
        cv2.imwrite(str(folder / f'HR/{index}.png'), crop[..., ::-1])
    return folder


def test_figures_are_those_of_scikit_image(benchmark, capsys):
    run('sr_benchmark', SCENES, '--folders', benchmark, '--device', 'cpu')
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith('| Set5 | 5 |')

    score = sr_benchmark.score_folder(
        benchmark, 4, lambda lr: lr.repeat_interleave(4, 2).repeat_interleave(4, 3)
    )
    psnrs, ssims = [], []
    for path in sorted((benchmark / 'HR').iterdir()):
        hr = sr_benchmark.read_hr(path, 4)
        lr = sr_benchmark.BicubicDegradation(4, antialias=True)(hr)
        large = lr.repeat_interleave(4, 2).repeat_interleave(4, 3)
        pair = [
            rgb2ycbcr((image[0].permute(1, 2, 0) * 255).round().byte().numpy())[4:-4, 4:-4, 0]
            for image in (hr, large)
        ]
        psnrs.append(peak_signal_noise_ratio(*pair, data_range=255))
        ssims.append(
            structural_similarity(
                *pair, data_range=255, gaussian_weights=True, use_sample_covariance=False
            )
        )
    assert score.sr[0] == pytest.approx(np.mean(psnrs), abs=1e-4)
    # scikit-image averages over the same positions but for a border.
    assert score.sr[1] == pytest.approx(np.mean(ssims), abs=1e-3)
    assert score.bicubic[0] > score.sr[0] > 15
    assert f'{score.bicubic[0]:.2f} / {score.bicubic[1]:.4f}' in row


def test_stored_lr_images_are_taken(benchmark):
    folder = benchmark / 'LR_bicubic/X4'
    folder.mkdir(parents=True)
    for path in (benchmark / 'HR').iterdir():
        cv2.imwrite(str(folder / f'{path.stem}x4.png'), np.zeros((25, 22, 3), np.uint8))
    seen = []

    def black(lr_rgb01):
        seen.append(float(lr_rgb01.max()))
        return torch.zeros(1, 3, 100, 88)

    sr_benchmark.score_folder(benchmark, 4, black, lr='stored')

    assert seen == [0.0] * 5
    with pytest.raises(UserError, match='X2/0x2.png does not exist'):
        sr_benchmark.score_folder(benchmark, 2, black, lr='stored')


def test_stored_lr_images_belong_to_the_first_whole_pixels(benchmark):
    """Archives are cut at the lower right, not around the middle."""
    folder = benchmark / 'LR_bicubic/X4'
    folder.mkdir(parents=True)
    first = {}
    for path in (benchmark / 'HR').iterdir():
        hr = cv2.imread(str(path))[:100, :88]
        lr = hr[::4, ::4].copy()
        cv2.imwrite(str(folder / f'{path.stem}x4.png'), lr)
        first[lr.tobytes()] = torch.from_numpy(hr[..., ::-1].copy()).permute(2, 0, 1)[None] / 255

    def exact(lr_rgb01):
        lr = (lr_rgb01[0].permute(1, 2, 0) * 255).round().byte().numpy()[..., ::-1]
        return first[np.ascontiguousarray(lr).tobytes()]

    assert sr_benchmark.score_folder(benchmark, 4, exact, lr='stored').sr[1] == 1.0


def test_missing_images_of_a_known_set_are_told(benchmark, tmp_path):
    (benchmark / 'HR/0.png').unlink()
    with pytest.raises(UserError, match=r'is 4 of 5 files; download https://cv.snu.ac.kr'):
        sr_benchmark.score_folder(benchmark, 4, lambda lr: lr)
    with pytest.raises(UserError, match='holds no image'):
        sr_benchmark.score_folder(tmp_path, 4, lambda lr: lr)


def test_luma_is_scikit_images():
    picture = data.astronaut()[:40, :40]
    ours = luma(torch.from_numpy(picture).permute(2, 0, 1)[None].double() / 255) * 255

    assert np.abs(ours[0, 0].numpy() - rgb2ycbcr(picture)[..., 0]).max() < 1e-3


def test_luma_is_measured_in_an_evaluator_too():
    hr = torch.rand(3, 40, 40)
    sample = dict(sr_rgb01=(hr + 0.1).clamp(0, 1), hr_rgb01=hr)
    values = {}
    for channels in ('rgb', 'y'):
        metric = PSNR(channels=channels, quantize=False, crop_border=4)
        metric.process(None, [sample])
        values[channels] = metric.evaluate(1)['sr/psnr']
    assert values['y'] > values['rgb']  # luma spans 219 of 255 levels
    with pytest.raises(UserError, match="channels='y' cannot be measured"):
        LPIPS(channels='y')


# ---- Grad-CAM -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(('model', 'name'), [(CLOTHING, 'pants_lr'), (SCENES, 'scene_lr')])
def test_maps_of_evidence_are_drawn(model, name, tmp_path):
    run(
        *('grad_cam', model, '--images', DEMO / f'{name}.png', '--input', 'lr', '--device', 'cpu'),
        *('--kinds', 'up', 'sr', '-o', tmp_path),
    )
    strip = cv2.imread(str(tmp_path / f'{name}.png'))

    # Four panels of the 96 px that an SR image has without the detector's padding, three times enlarged.
    assert strip.shape[1] == 4 * (3 * 96 + 4)
    assert strip.std() > 20


def test_the_map_is_grad_cams_formula(clothing):
    (image,) = prepare(clothing, str(DEMO / 'shoes_lr.png'))
    heat, label = cam.class_activation_map(clothing, image, 'sr')
    picture = cam.shown(clothing, image, 'sr')
    network = cam.ClassScores(clothing, image)
    module = cam.find_module(clothing, image, picture)
    kept = []

    def keep(module, args, output):
        output.retain_grad()
        kept.append(output)

    handle = module.register_forward_hook(keep)
    network(picture)[0, label].backward()
    handle.remove()
    (feature,) = kept
    expected = (feature.grad.mean((2, 3), keepdim=True) * feature).sum(1)[0].relu()
    expected = cv2.resize(expected.detach().numpy(), heat.shape[::-1])
    expected = (expected - expected.min()) / (expected.max() - expected.min())

    assert clothing.model.dataset_meta['classes'][label] == 'shoes'
    assert np.abs(heat - expected).max() < 0.02


def test_evidence_for_a_box_lies_at_the_box():
    scenes = SR4IRInferencer(SCENES, device='cpu', coordinates='sr', show_progress=False)
    (image,) = prepare(scenes, str(DEMO / 'scene_lr.png'))
    found = scenes(str(DEMO / 'scene_lr.png'))['predictions'][0].pred_instances
    gravel = scenes.model.dataset_meta['classes'].index('gravel')
    best = next(item for item in found if int(item.labels) == gravel)
    heat, _ = cam.class_activation_map(scenes, image, 'sr', gravel, method='hires')
    x1, y1, x2, y2 = best.bboxes[0].round().int().tolist()

    assert heat[y1:y2, x1:x2].mean() > 1.5 * heat.mean()


def test_images_of_one_name_get_pictures_of_their_own(clothes, tmp_path):
    (clothes / 'LICENSE').touch()  # no image, and no reason to stop
    for path in clothes.glob('*/[123].png'):
        path.unlink()
    run(
        *('grad_cam', CLOTHING, '--images', clothes, '--input', 'lr', '--device', 'cpu'),
        *('--kinds', 'up', '-o', tmp_path / 'maps'),
    )
    assert {path.name for path in (tmp_path / 'maps').iterdir()} == {'pants_0.png', 'shoes_0.png'}


def test_names_of_pictures(tmp_path):
    assert picture_stem('a/x.png', ['a/x.png'], set()) == 'x'
    assert picture_stem('b/x.png', ['a/x.png', 'b/x.png'], {'x', 'x_2'}) == 'x_3'
    assert picture_stem('run#3/x.png', ['run#3/x.png'], set()) == 'x'
    assert picture_stem('a/clip.mp4#000007', ['a/clip.mp4'], set()) == 'clip_000007'
    assert picture_stem(f'{tmp_path}/a/b/x.png', [tmp_path], set()) == 'a_b_x'


def test_a_picture_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='cannot be written'):
        write_picture(tmp_path / 'file/x.png', np.zeros((2, 2, 3), np.uint8))


@pytest.mark.parametrize('label', [-1, 10, 99])
def test_a_wrong_class_is_told(clothing, label):
    (image,) = prepare(clothing, str(DEMO / 'shoes_lr.png'))
    with pytest.raises(UserError, match=rf'--label {label} is no class .* from 0 to 9'):
        cam.class_activation_map(clothing, image, 'sr', label)


def test_a_wrong_layer_is_told(clothing):
    (image,) = prepare(clothing, str(DEMO / 'shoes_lr.png'))
    with pytest.raises(UserError, match='not in ImageClassifier'):
        cam.class_activation_map(clothing, image, 'sr', layer='trunk')
