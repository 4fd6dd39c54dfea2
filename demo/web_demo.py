"""A page of this machine: drop an image, see LR | bilinear | SR with the predictions of each model.

    python demo/web_demo.py --models work_dirs/l2t/epoch_12.pth work_dirs/sr4ir/epoch_12.pth --names L-to-T SR4IR

Needs gradio (pip install "sr4ir_mm[web]"). The page is served to this machine alone and sends nothing elsewhere.
"""

from __future__ import annotations

import argparse
import os
import warnings
from typing import TYPE_CHECKING

import numpy as np

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import gradio

    from sr4ir_mm.apis import SR4IRInferencer


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='A local page for trying models')
    parser.add_argument(
        '--models', nargs='+', default=['sr4ir_x4_scenes-det'], help='shipped models or checkpoints'
    )
    parser.add_argument('--names', nargs='+', help='what to call the models')
    parser.add_argument('--input', default='lr', choices=['lr', 'hr'], help='what images are')
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    parser.add_argument('--port', type=int, default=7860)
    return parser.parse_args()


def main() -> None:
    """Load the models and serve the page."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    os.environ.setdefault('GRADIO_ANALYTICS_ENABLED', 'False')
    os.environ.setdefault('HF_HUB_OFFLINE', '1')
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise UserError(
            f'the page needs gradio, which cannot be imported ({error}); pip install "sr4ir_mm[web]".'
        ) from error
    from sr4ir_mm.apis.comparing import load_models

    models = load_models(args.models, args.names, device=args.device, input=args.input)
    page = build_page(models, args.input)
    page.launch(server_name='127.0.0.1', server_port=args.port, show_api=False)


def build_page(models: Mapping[str, SR4IRInferencer], kind: str) -> gradio.Blocks:
    """The page of some models, for LR or HR images."""
    import gradio as gr

    from sr4ir_mm.apis.checkpoints import CARRIED

    # No font of the network.
    theme = gr.themes.Default(font='sans-serif', font_mono='monospace')
    with gr.Blocks(title='sr4ir_mm', theme=theme, analytics_enabled=False) as page:
        gr.Markdown(f'## {" and ".join(models)} on {kind.upper()} images')
        with gr.Row():
            image = gr.Image(
                label=f'{kind.upper()} image', type='numpy', sources=['upload'], height=220
            )
            score = gr.Slider(0.05, 0.95, value=0.3, step=0.05, label='least score shown')
        button = gr.Button('Predict', variant='primary')
        picture = gr.Image(show_label=False, interactive=False, format='png')
        table = gr.Dataframe(headers=['image', 'predictions'], interactive=False, wrap=True)
        examples = sorted(str(path) for path in (CARRIED / 'demo' / 'images').glob('*_lr.png'))
        gr.Examples(examples, image)

        def answer(image_rgb: np.ndarray, least: float) -> tuple[np.ndarray, list[list[str]]]:
            try:
                return predict(models, image_rgb, least)
            except UserError as error:
                raise gr.Error(str(error)) from error

        button.click(answer, [image, score], [picture, table], api_name=False)
    return page


def predict(
    models: Mapping[str, SR4IRInferencer], image_rgb: np.ndarray | None, score_thr: float
) -> tuple[np.ndarray, list[list[str]]]:
    """Strip and predictions in words of one dropped image.

    Raises:
        UserError: There is no image, or it is none.
    """
    from sr4ir_mm.apis.comparing import predict_all, strip, tell
    from sr4ir_mm.apis.inputs import Loaded, check_array

    if image_rgb is None:
        raise UserError('there is no image yet; drop one first.')
    image = Loaded('image', check_array(np.ascontiguousarray(image_rgb[..., ::-1])))
    samples = predict_all(models, image)
    return strip(models, samples, score_thr), [
        list(row) for row in tell(models, samples, score_thr)
    ]


if __name__ == '__main__':
    cli.run(main)
