"""What is done to images in several rooms."""

from torch import Tensor


def quantize_rgb01(image: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to the 256 levels that an 8-bit file can hold.

    Args:
        image: Any shape, float, [0, 1] nominal.

    Returns:
        Same shape and dtype, multiples of 1/255 in [0, 1]; an LR or SR image as it would be saved.
    """
    return (image.clamp(0, 1) * 255).round() / 255
