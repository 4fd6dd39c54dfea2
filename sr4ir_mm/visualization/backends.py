"""A visualisation backend that keeps the last picture in memory."""

from typing import Any

import numpy as np
from mmengine.visualization import BaseVisBackend

from sr4ir_mm.registry import VISBACKENDS


@VISBACKENDS.register_module()
class MemoryVisBackend(BaseVisBackend):
    """Hands back what a task library's visualizer draws: every one of them ends in ``add_image``.

    Attributes:
        image: The last picture, (H, W, 3) uint8 RGB, None before the first.
    """

    def __init__(self, save_dir: str | None = None) -> None:
        super().__init__(save_dir or '')
        self.image: np.ndarray | None = None

    def _init_env(self) -> None:
        """Nothing to set up."""

    @property
    def experiment(self) -> 'MemoryVisBackend':
        """The backend itself."""
        return self

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Remember a picture."""
        self.image = image
