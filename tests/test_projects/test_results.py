"""Result files, the tables made from them, and how sure their differences are."""

import json
from dataclasses import replace

import numpy as np
import pytest
from intervals import Difference, compare, half_width, resample, show_difference
from parts import parts_table
from report import difference_of, set_table, tables, updates_table, write_report
from results import Result, longest, predictions_path, read_result
from scoring import Accuracy, MeanAP, MeanIoU

from sr4ir_mm.utils.errors import UserError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """No real run's predictions are found."""
    monkeypatch.chdir(tmp_path)


BASE = Result(
    task='classification',
    dataset='sign-digits',
    scale=8,
    method='l2t',
    seed=0,
    budget=1,
    epochs=5,
    metric='accuracy/top1',
    value=70.0,
    psnr=20.0,
    ssim=0.5,
    commit='abc',
    command='python tools/train.py x.py',
    minutes=1.0,
    device='CPU',
)


def results(**methods):
    """Results of several seeds by method."""
    return [
        replace(BASE, method=name.replace('_', '-'), seed=seed, value=value)
        for name, values in methods.items()
        for seed, value in enumerate(values)
    ]


def test_a_result_survives_its_file(tmp_path):
    path = tmp_path / 'a.json'
    BASE.write(path)

    assert read_result(path) == BASE
    assert predictions_path(path) == tmp_path / 'predictions' / 'a.npz'


@pytest.mark.parametrize('change', [{'dataset': 'moon'}, {'new': 1}])
def test_a_file_that_is_no_result_is_named(tmp_path, change):
    path = tmp_path / 'a.json'
    BASE.write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    with pytest.raises(UserError, match=r'a\.json'):
        read_result(path)


def test_a_table_has_a_column_for_each_budget():
    more = [replace(r, budget=4, value=r.value + 10, epochs=20) for r in results(l2t=[70.0, 72.0])]
    text = set_table([*results(l2t=[70.0, 72.0], sr4ir=[80.0]), *more])

    assert '| | 1x | 4x | PSNR, SSIM, FSIM at the last |' in text
    assert '| L→T | 71.00 ± 1.41 (5; 2) | 81.00 ± 1.41 (20; 2) | 20.00, 0.500 |' in text
    assert '| SR4IR | 80.00 (5; 1) | – | 20.00, 0.500 |' in text


def test_a_set_with_nothing_but_its_upper_mark_has_no_table():
    assert tables(results(h2t=[99.0])) == ''
    assert '### sign-digits' in tables(results(h2t=[99.0], l2t=[70.0]))


def test_differences_are_paired_by_seed():
    difference = difference_of(
        results(l2t=[70.0, 60.0, 50.0], sr4ir=[71.0, 62.0, 53.0]), 'sr4ir', 'l2t'
    )

    assert (difference.mean, difference.seeds, difference.wins) == (2.0, 3, 3)
    # t(0.975, 2) = 4.303, standard deviation 1
    assert difference.over_seeds == pytest.approx(4.303 / 3**0.5, abs=1e-3)
    assert difference.over_images is None
    assert not difference.sure


def test_equal_updates_compare_with_the_longest_run_that_makes_no_more():
    rival = [
        replace(r, budget=budget, epochs=budget, value=r.value + budget)
        for budget in (2, 4)
        for r in results(sr4ir=[70, 72, 71])
    ]
    cheaper = [
        replace(r, budget=budget, epochs=epochs, value=r.value + epochs)
        for budget, epochs in ((1, 2), (2, 4), (4, 8))
        for r in results(sr4ir_plus=[75, 77, 76])
    ]
    table = updates_table([*rival, *cheaper])
    assert 'at 2x − SR4IR at 4x | 4 and 4 | +5.00 ± 0.00 |' in table
    assert table.count('SR4IR at') == 1
    assert updates_table(cheaper) == updates_table(rival) == ''


def test_a_budget_that_one_seed_has_run_is_not_the_longest_where_there_is_another():
    two, four = ([replace(r, budget=budget) for r in results(l2t=[70, 72])] for budget in (2, 4))

    assert {r.budget for r in longest([*two, *four])} == {4}
    assert {r.budget for r in longest([*two, four[0]])} == {2}
    assert longest([four[0]]) == [four[0]]


def test_one_seed_has_no_interval_over_seeds():
    assert half_width([3.0]) is None


@pytest.mark.parametrize(
    ('over_seeds', 'over_images', 'sure'),
    [(0.5, (0.2, 2.0), 1), (1.5, (0.2, 2.0), 0), (0.5, (-0.1, 2.0), 0), (0.5, None, 0)],
)
def test_a_difference_is_sure_if_both_intervals_leave_0_out(over_seeds, over_images, sure):
    difference = Difference(1.0, 3, 3, over_seeds, over_images)

    assert difference.sure == sure
    assert show_difference(difference, 'mIoU').startswith('**') == bool(sure)


@pytest.mark.parametrize(
    ('mean', 'over_seeds', 'over_images', 'sure'),
    [
        (1.0, 0.6, (0.4, 1.9), True),
        (1.0, 0.8, (0.2, 1.3), False),
        (-1.0, 0.8, (-1.3, -0.2), False),
        (-1.0, 0.6, (-1.9, -0.4), True),
        (1.0, None, (0.4, 1.9), False),
        (1.0, 0.6, (-0.1, 1.9), False),
    ],
)
def test_both_errors_at_once_ask_for_more(mean, over_seeds, over_images, sure):
    assert Difference(mean, 3, 3, over_seeds, over_images).sure_together == sure


def test_tables_and_curves_are_written(tmp_path):
    report = tmp_path / 'results.md'

    write_report(results(l2t=[70.0, 71.0], sr4ir=[80.0, 82.0]), report)

    assert '### sign-digits, classification, x8' in report.read_text()
    assert '| SR4IR − L→T | +10.50 ± 6.35 |' in report.read_text()
    assert (tmp_path / 'images' / 'results_curves.png').stat().st_size > 1000
    assert tables([]) == ''


# ---- metrics on any multiset of images ---------------------------------------------------------------------------


def test_accuracy_counts_images_by_weight():
    score = Accuracy(dict(scores=np.eye(3)[[0, 1, 1]], labels=np.array([0, 1, 2])))

    assert score(np.array([1.0, 1.0, 1.0])) == pytest.approx(200 / 3)
    assert score(np.array([1.0, 0.0, 3.0])) == 25.0

    tied = dict(scores=np.full((1, 2), 0.5), labels=np.array([1]), predicted=np.array([1]))
    assert Accuracy(tied)(np.ones(1)) == 100.0


def test_mean_iou_sums_confusions_and_tells_boundaries_apart():
    confusion = np.array([[[[8, 0], [0, 8]], [[0, 4], [4, 0]]]], np.uint32)
    answers = dict(confusion=confusion)

    assert MeanIoU(answers, part=0)(np.ones(1)) == 100.0
    assert MeanIoU(answers, part=1)(np.ones(1)) == 0.0
    assert MeanIoU(answers)(np.ones(1)) == 50.0


def detections(rng, images=12, classes=3):
    """Boxes around true ones, some of them missed, misplaced, doubled or of another class."""
    true, found = [], []
    for image in range(images):
        for _ in range(rng.integers(0, 5)):
            x, y = rng.uniform(0, 80, 2)
            w, h = rng.uniform(8, 40, 2)
            kind = int(rng.integers(classes))
            true.append((image, kind, (x, y, x + w, y + h)))
            for _ in range(rng.integers(0, 3)):
                dx, dy = rng.normal(0, 3, 2)
                other = int(rng.integers(classes)) if rng.random() < 0.2 else kind
                found.append((image, other, (x + dx, y + dy, x + w + dx, y + h), rng.random()))
    return true, found


@pytest.mark.parametrize('seed', range(5))
def test_mean_ap_is_that_of_pycocotools(seed):
    import torch
    from mmengine.structures import InstanceData

    from sr4ir_mm.apis.report.judge import Item, stratified_ap

    true, found = detections(np.random.default_rng(seed))
    boxes = [np.round(np.clip([f[2] for f in rows], 0, None) * 16) for rows in (true, found)]
    answers = dict(
        count=np.array(12),
        images=np.array([f[0] for f in found]),
        classes=np.array([f[1] for f in found]),
        scores=np.array([f[3] for f in found], np.float32),
        boxes=boxes[1],
        true_images=np.array([t[0] for t in true]),
        true_classes=np.array([t[1] for t in true]),
        true_boxes=boxes[0],
    )
    items = [
        [Item(t[1], 1.0, tuple(b / 16)) for t, b in zip(true, boxes[0], strict=True) if t[0] == i]
        for i in range(12)
    ]
    predictions = []
    for image in range(12):
        rows = [n for n, f in enumerate(found) if f[0] == image]
        predictions.append(
            InstanceData(
                bboxes=torch.tensor(boxes[1][rows] / 16).reshape(-1, 4),
                labels=torch.tensor([found[n][1] for n in rows], dtype=torch.long),
                scores=torch.tensor([answers['scores'][n] for n in rows]),
            )
        )

    expected = stratified_ap(predictions, items, (10.0, 20.0))['all']

    assert MeanAP(answers)(np.ones(12)) == pytest.approx(expected, abs=1e-6)


def test_the_bootstrap_covers_a_known_difference():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=4000)
    right = [rng.random(4000) < share for share in (0.8, 0.7)]
    scores = [
        Accuracy(dict(scores=np.eye(2)[np.where(r, labels, 1 - labels)], labels=labels))
        for r in right
    ]

    difference = compare([(80.0, 70.0)], [(resample(scores[0]), resample(scores[1]))])

    low, high = difference.over_images
    assert low < 10 < high
    # Two independent proportions of 4000: standard error 0.96 points.
    assert high - low == pytest.approx(2 * 1.96 * 0.96, rel=0.2)


# ---- parts of a segmentation ---------------------------------------------------------------------------


def segmented(method, seed, interior, boundary, budget=1):
    """A result on camvid-240 whose files say how often label 2 is met inside and at boundaries, of 100 each."""
    run = replace(
        BASE,
        task='segmentation',
        dataset='camvid-240',
        scale=4,
        method=method,
        seed=seed,
        budget=budget,
    )
    confusion = np.zeros((3, 2, 11, 11), np.uint32)
    confusion[..., 0, 0] = 100
    confusion[:, 0, 2, 2], confusion[:, 0, 2, 3] = interior, 100 - interior
    confusion[:, 1, 2, 2], confusion[:, 1, 2, 3] = boundary, 100 - boundary
    path = predictions_path(run.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, confusion=confusion)
    return replace(run, metric='mIoU')


def test_parts_tell_interior_boundary_and_thin_classes_apart():
    runs = [segmented('l2t', 0, 80, 40), segmented('s2t', 0, 80, 70)]

    text = parts_table(runs)

    assert '| | interior | within 2 px of a boundary | thin classes |' in text
    # Labels 0 and 2 occur; 3 is predicted, but in no image.
    assert '| L→T | 90.00 | 70.00 | 60.00 |' in text
    assert '| S→T | 90.00; +0.00 [0.00, 0.00] | 85.00; +15.00 [15.00, 15.00] | 75.00;' in text


def test_parts_are_told_at_every_budget():
    runs = [segmented('l2t', 0, 80, 40, 1), segmented('l2t', 0, 90, 60, 2)]

    text = parts_table([*runs, segmented('s2t', 0, 80, 70, 4)])

    assert 'x4 at 1x' in text
    assert 'x4 at 2x' in text
    assert 'x4 at 4x' not in text
    assert '| L→T | 95.00 | 80.00 | 75.00 |' in text


def test_parts_need_a_segmentor_with_its_predictions():
    assert parts_table(results(l2t=[70.0])) == ''
    assert parts_table([replace(BASE, task='segmentation', dataset='mosaics')]) == ''
