"""What tests of this package and of its users share: samples, zoo checks.

Imported by tests and scripts alone.
"""

from sr4ir_mm.testing.samples import (
    count_classes,
    make_batch,
    make_classification_sample,
    make_detection_sample,
    make_image,
    make_segmentation_sample,
)

__all__ = [
    'count_classes',
    'make_batch',
    'make_classification_sample',
    'make_detection_sample',
    'make_image',
    'make_segmentation_sample',
]
