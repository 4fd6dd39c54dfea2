"""Results of the evidence ladder: files, tables, curves."""

import json

import pytest
from results import Result, read_results, tables, write_report

from sr4ir_mm.utils.errors import UserError

BEGIN, END = '<!-- results: begin -->', '<!-- results: end -->'


def result(method='sr4ir', seed=0, value=0.5, dataset='cards', **kwargs):
    values = dict(
        task='detection',
        dataset=dataset,
        scale=4,
        method=method,
        seed=seed,
        metric='coco/bbox_mAP',
        value=value,
        psnr=None if method == 'h2t' else 20.0 + seed,
        ssim=None if method == 'h2t' else 0.5,
        commit='abc',
        command='python tools/train.py x.py',
        minutes=1.0 + seed,
        device='CPU',
        curve={'1': value / 2, '2': value},
    )
    return Result(**{**values, **kwargs})


def test_a_result_survives_its_file(tmp_path):
    written = result()

    written.write(tmp_path / 'deep' / 'a.json')

    assert read_results(tmp_path / 'deep') == [written]
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['a.json']


def test_numbers_that_json_has_not_are_refused(tmp_path):
    with pytest.raises(ValueError, match='Out of range'):
        result(value=float('nan')).write(tmp_path / 'a.json')

    assert not (tmp_path / 'a.json').exists()


@pytest.mark.parametrize(
    'content', ['{', '{"task": "detection"}', json.dumps({'unknown': 1})], ids=str
)
def test_a_file_that_is_no_result_is_named(tmp_path, content):
    (tmp_path / 'bad.json').write_text(content)

    with pytest.raises(UserError, match=r'bad\.json is no result'):
        read_results(tmp_path)


def test_an_unknown_method_is_named(tmp_path):
    result(method='magic').write(tmp_path / 'a.json')

    with pytest.raises(UserError, match="method='magic'"):
        read_results(tmp_path)


def test_table_has_mean_spread_and_seeds():
    text = tables([result(seed=0, value=0.4), result(seed=1, value=0.6), result('h2t', value=0.7)])

    assert '| SR4IR | 0.500 ± 0.141 | 20.50 ± 0.71 | 0.500 ± 0.000 | 0, 1 | 1.5 |' in text
    assert '| H→T (upper mark) | 0.700 | – | – | 0 | 1.0 |' in text
    assert text.index('H→T') < text.index('| SR4IR |')


def test_differences_pair_the_seeds_that_both_methods_have():
    runs = [result(seed=seed, value=value) for seed, value in ((0, 0.5), (1, 0.6), (2, 0.9))]
    runs += [result('l2t', seed=seed, value=value) for seed, value in ((0, 0.4), (1, 0.7))]

    assert '| SR4IR − L→T | +0.000 (1 of 2) |' in tables(runs)


def test_data_sets_have_tables_and_columns_of_their_own():
    text = tables([result(), result(dataset='signs', metric='accuracy/top1', value=91.5)])

    assert '### cards, detection, x4' in text
    assert '### signs, detection, x4' in text
    assert '| | cards x4 | signs x4 |' in text
    assert '| SR4IR | 91.50 |' in text


def test_report_keeps_its_text_and_gets_new_tables_and_curves(tmp_path):
    report = tmp_path / 'results.md'
    report.write_text(f'# Mine\n\n{BEGIN}\nold\n{END}\n\nAfterword\n')

    write_report([result()], report)
    write_report([result(), result('l2t')], report)

    text = report.read_text()
    assert text.startswith(f'# Mine\n\n{BEGIN}\n')
    assert text.endswith(f'{END}\n\nAfterword\n')
    assert 'old' not in text
    assert text.count('### cards') == 1
    assert '| L→T |' in text
    assert (tmp_path / 'images' / 'results_curves.png').stat().st_size > 1000


def test_a_report_without_marks_is_left_alone(tmp_path):
    report = tmp_path / 'results.md'
    report.write_text('# Mine\n')

    with pytest.raises(UserError, match='lacks the lines'):
        write_report([result()], report)

    assert report.read_text() == '# Mine\n'
