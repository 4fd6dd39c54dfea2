"""Feature similarity (FSIM) and its colour version (FSIMc), by piq."""

from torch import Tensor

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS


def fsim(image: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Feature similarity of each image, without and with colour.

    Images are averaged down to a shorter side of about 256 px first, as the authors do.

    Args:
        image: (N, 3, H, W), RGB, float; what leaves [0, 1] is clamped.
        reference: Same shape and dtype.

    Returns:
        FSIM and FSIMc, (N,) each, at most 1, higher is better.

    Source: Zhang et al., IEEE TIP 20 (2011) 2378-2386; methods.md section 2.
    """
    import piq

    # Single precision changes neither by more than 1e-6 and halves the time.
    pair = image.clamp(0, 1).float(), reference.clamp(0, 1).float()
    return tuple(piq.fsim(*pair, reduction='none', chromatic=colour) for colour in (False, True))


@METRICS.register_module()
class FSIM(ImageMetric):
    """``fsim`` and ``fsimc``: feature similarity, mean over images. Higher is better.

    Arguments as :class:`ImageMetric`.

    Source: Zhang et al., IEEE TIP 20 (2011) 2378-2386; methods.md section 2.
    """

    names = ('fsim', 'fsimc')
    min_side = 3

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float, float]:
        """See :meth:`ImageMetric.measure`."""
        plain, colour = fsim(image, reference)
        return plain.item(), colour.item()
