"""Any data set in VOC format."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mmdet.datasets import XMLDataset
from mmengine.fileio import list_from_file
from mmengine.logging import print_log

from sr4ir_mm.registry import DATASETS
from sr4ir_mm.utils.data_sets import listed_image
from sr4ir_mm.utils.errors import UserError

VOC_CLASSES = (
    'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep '
    'sofa train tvmonitor'
).split()


@DATASETS.register_module()
class VOCFormatDataset(XMLDataset):
    """``Annotations``, ``JPEGImages`` and ``ImageSets`` as in PASCAL VOC, with boxes as the reference converts them.

    A box is (xmin - 1, ymin - 1, xmax, ymax), which COCO's metric asks for, difficult objects are ordinary ones, and
    boxes without area are dropped with one warning, as are objects of other classes. Images may have any suffix.
    Classes default to VOC's twenty; set ``metainfo=dict(classes=...)`` for others.

    Args:
        keep_difficult: Treat difficult objects as ordinary ones; False ignores them as mmdet does.
        legacy_boxes: Boxes are (xmin - 1, ymin - 1, xmax - 1, ymax - 1), as mmdet's ``XMLDataset`` makes them and VOC's
            own metric (``mmdet.VOCMetric``) takes them, which counts a box's last pixel as inside.
        kwargs: Arguments of ``mmdet.XMLDataset``.

    Raises:
        UserError: The list is empty, an image or annotation is missing or unreadable, or no object has any of the
            classes.

    Source: methods.md 5.6.
    """

    METAINFO = dict(classes=tuple(VOC_CLASSES))

    def __init__(
        self, keep_difficult: bool = True, legacy_boxes: bool = False, **kwargs: object
    ) -> None:
        self.legacy_boxes = legacy_boxes
        self.keep_difficult = keep_difficult
        self._without_area: list[str] = []
        self._other_names: set[str] = set()
        self._others = 0
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the image list and every annotation."""
        self.cat2label = {name: index for index, name in enumerate(self._metainfo['classes'])}
        root = Path(self.sub_data_root)
        paths = {path.stem: path for path in sorted((root / self.img_subdir).iterdir())}
        lines = list_from_file(self.ann_file)
        ids = [listed_image(line, paths) for line in lines if line.strip()]
        if not ids:
            raise UserError(
                f'{self.ann_file} lists no image; put one name of {root / self.img_subdir} on each line, or name '
                'another list as ann_file.'
            )
        data_list = [self._read(root, image_id, paths) for image_id in ids]
        self._report(data_list)
        return data_list

    def _read(self, root: Path, image_id: str, paths: dict[str, Path]) -> dict:
        xml_path = root / self.ann_subdir / f'{image_id}.xml'
        if image_id not in paths or not xml_path.is_file():
            missing = xml_path if image_id in paths else root / self.img_subdir / f'{image_id}.*'
            raise UserError(
                f'{self.ann_file} lists {image_id}, but {missing} does not exist; restore it or drop the line.'
            )
        return self.parse_data_info(
            dict(
                img_id=image_id,
                file_name=f'{self.img_subdir}/{paths[image_id].name}',
                xml_path=str(xml_path),
            )
        )

    def parse_data_info(self, img_info: dict) -> dict:
        """One image's annotation; see ``mmdet.XMLDataset``."""
        try:
            return super().parse_data_info(img_info)
        except (ElementTree.ParseError, AttributeError, ValueError, TypeError) as error:
            raise UserError(
                f'{img_info["xml_path"]} is not a readable VOC annotation ({error}); repair or remove it.'
            ) from error

    def _parse_instance_info(
        self, raw_ann_info: ElementTree.ElementTree, minus_one: bool = True
    ) -> list[dict]:
        instances = []
        for obj in raw_ann_info.findall('object'):
            name = obj.find('name').text.strip()
            if name not in self.cat2label:
                self._other_names.add(name)
                self._others += 1
                continue
            box = [
                float(obj.find('bndbox').find(key).text) for key in ('xmin', 'ymin', 'xmax', 'ymax')
            ]
            if box[2] <= box[0] or box[3] <= box[1]:
                self._without_area.append(raw_ann_info.findtext('filename') or '?')
                continue
            inside = 1 if self.legacy_boxes else 0
            ignore = not self.keep_difficult and (obj.findtext('difficult') or '0').strip() == '1'
            instances.append(
                dict(
                    bbox=[box[0] - 1, box[1] - 1, box[2] - inside, box[3] - inside],
                    bbox_label=self.cat2label[name],
                    ignore_flag=int(ignore),
                )
            )
        return instances

    def _report(self, data_list: list[dict]) -> None:
        if self._without_area:
            print_log(
                f'{self.ann_file}: dropped {len(self._without_area)} boxes without area, in '
                f'{", ".join(sorted(set(self._without_area))[:5])}.',
                logger='current',
                level=30,
            )
        if data_list and not any(info['instances'] for info in data_list):
            raise UserError(
                f'No object listed in {self.ann_file} has one of the classes {self._metainfo["classes"][:5]}...; the '
                f'annotations name {sorted(self._other_names)[:8]}: set metainfo.classes of the datasets to those.'
            )
        if self._other_names:
            print_log(
                f'{self.ann_file}: left out {self._others} objects named {sorted(self._other_names)[:8]}, which are '
                'none of metainfo.classes; add these names there if they are to be learned.',
                logger='current',
                level=30,
            )
