"""Images that the metric tests compare."""

import torch
import torch.nn.functional as F
from torch import Tensor


def photograph(name: str = 'astronaut', height: int = 96, width: int = 112) -> Tensor:
    """(3, H, W) RGB crop of one of scikit-image's photographs, float32 in [0, 1]."""
    from skimage import data

    image = torch.from_numpy(getattr(data, name)().copy()).permute(2, 0, 1)
    return image[:, 60 : 60 + height, 150 : 150 + width].float() / 255


def blurred(image: Tensor) -> Tensor:
    """The image after x4 down and up; leaves [0, 1] a little, as an SR net's output does."""
    small = F.interpolate(image[None], scale_factor=0.25, mode='bicubic')
    return F.interpolate(small, size=image.shape[-2:], mode='bicubic')[0]


def data_samples(count: int = 5) -> list[dict]:
    """What an Evaluator hands to a metric: dicts; image sizes differ."""
    samples = []
    for index in range(count):
        hr = photograph(height=64 + 4 * index, width=80)
        sr = blurred(hr)
        samples.append(dict(sr_rgb01=sr, hr_rgb01=hr, up_rgb01=(sr * (0.9 + 0.01 * index))))
    return samples


def degraded(image: Tensor, kind: str) -> Tensor:
    """A (3, H, W) image spoilt in one way: 'bicubic', 'noise', 'dark' or 'jpeg'; same dtype, [0, 1]."""
    if kind == 'bicubic':
        return blurred(image).clamp(0, 1)
    if kind == 'noise':
        noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
        return (image + 0.05 * noise.to(image)).clamp(0, 1)
    if kind == 'dark':
        return image**1.5
    import cv2

    pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
    _, coded = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, 20])
    return torch.from_numpy(cv2.imdecode(coded, cv2.IMREAD_COLOR)).permute(2, 0, 1).to(image) / 255
