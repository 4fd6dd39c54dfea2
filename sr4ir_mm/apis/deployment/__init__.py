"""Export a trained model to ONNX or torch.export, and check the file against PyTorch.

``graph`` is what goes into a file, ``files`` writes and opens such, ``samples`` are the images of the check, and
``exporting`` puts them together. Imported by tools and by ``exported``, which predicts with a file; imports the
inferencer.
"""

from sr4ir_mm.apis.deployment.exporting import Exported, export
from sr4ir_mm.apis.deployment.files import OpenFile, note_of, open_file
from sr4ir_mm.apis.deployment.graph import Graph, head_of
from sr4ir_mm.apis.deployment.samples import STEP, check_images, largest_difference

__all__ = [
    'STEP',
    'Exported',
    'Graph',
    'OpenFile',
    'check_images',
    'export',
    'head_of',
    'largest_difference',
    'note_of',
    'open_file',
]
