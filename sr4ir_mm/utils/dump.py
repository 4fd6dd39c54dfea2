"""Predictions to a file, for evaluation elsewhere."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import DumpResults


class DumpPredictions(DumpResults):
    """mmengine's ``DumpResults`` without the images that TaskDrivenSR adds to each data sample.

    A float image or four a sample would make the file as large as the data set uncompressed.

    Args:
        out_file_path (str): Path of the file, ending in .pkl or .pickle.
    """

    def process(self, data_batch: Any, predictions: Sequence[dict]) -> None:
        """Keep the predictions of one batch, on the CPU.

        Args:
            data_batch: Unused.
            predictions: Data samples as dicts.
        """
        slim = [
            {key: value for key, value in sample.items() if not key.endswith('_rgb01')}
            for sample in predictions
        ]
        super().process(data_batch, slim)
