"""COCO without its small images."""

from __future__ import annotations

import random

from mmdet.datasets import CocoDataset
from mmengine.logging import print_log

from sr4ir_mm.registry import DATASETS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError


@DATASETS.register_module()
class LargeImageCoco(CocoDataset):
    """COCO images whose two sides are long enough for a crop, as FDSR trains on; test sets are left whole.

    What is left out is counted and told in one line.

    Args:
        min_side: Least height and width in px. FDSR's "larger than 384" is 385.
        most: Draw so many of the images that are left; None takes all.
        seed: Of that draw.
        kwargs: Arguments of ``mmdet.CocoDataset``.

    Raises:
        UserError: No image is that large.

    Source: methods.md 2.
    """

    def __init__(
        self, *args: object, min_side: int, most: int | None = None, seed: int = 0, **kwargs: object
    ) -> None:
        self.min_side = check_number('LargeImageCoco min_side', min_side, least=1, whole=True)
        if most is not None:
            check_number('LargeImageCoco most', most, least=1, whole=True)
        self.most = most
        self.seed = seed
        super().__init__(*args, **kwargs)

    def filter_data(self) -> list[dict]:
        """What is left of ``data_list``, in its order."""
        found = super().filter_data()
        if self.test_mode:
            return found
        large = [i for i in found if min(i['height'], i['width']) >= self.min_side]
        if not large:
            raise UserError(
                f'none of the {len(found)} images of {self.ann_file} has two sides of at least {self.min_side} px; '
                'lower min_side of the data set, with the crop, or take a set of larger images.'
            )
        print_log(
            f'{self.ann_file}: {len(found) - len(large)} of {len(found)} images were left out because a side is '
            f'below {self.min_side} px.',
            logger='current',
        )
        return self._draw(large)

    def _draw(self, infos: list[dict]) -> list[dict]:
        if self.most is None or self.most >= len(infos):
            return infos
        chosen = random.Random(self.seed).sample(range(len(infos)), self.most)
        return [infos[index] for index in sorted(chosen)]
