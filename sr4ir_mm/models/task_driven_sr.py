"""The algorithm: an SR network in front of a task network, trained in phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapperDict
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models import settings
from sr4ir_mm.models.adapters import build_adapter, build_task_net
from sr4ir_mm.models.augments import CQMix
from sr4ir_mm.models.checkpoint import keep_plain_names, load_initial_weights
from sr4ir_mm.models.discriminators import build_discriminator
from sr4ir_mm.models.memory_layout import use_channels_last, usual_layout
from sr4ir_mm.models.phases import Phase, PhaseContext, TrainingImages
from sr4ir_mm.models.prediction import attach_images, image_of_kind, super_resolve
from sr4ir_mm.models.sr_nets import build_sr_net, check_scale
from sr4ir_mm.registry import MODELS, TRANSFORMS
from sr4ir_mm.structures import LRHRBatch, Progress
from sr4ir_mm.utils.checks import check_options
from sr4ir_mm.utils.modules import frozen, unwrap

NETS = ('sr_net', 'task_net', 'discriminator', 'extractor')


@MODELS.register_module()
class TaskDrivenSR(BaseModel):
    """Super-resolve low-resolution images so that a task network recognises them, and train both.

    A method is a list of phases: SR4IR is an SR phase (pixel + TDP loss) and a task phase (SR, HR and CQMix images);
    L->T is one task phase on upsampled images without an SR network. An iteration runs them in order; each makes one
    update of each network it trains. A network that no phase trains is frozen and stays in eval mode.

    Args:
        task_net: Model config of mmdet, mmseg or mmpretrain with ``_scope_``, or a built network.
        phases: Configs of the phases, in order.
        scale: Factor between LR and HR images.
        sr_net: Config of the SR network (``mmagic.EDSRNet`` etc.), None for methods without one.
        degradation: Config of the degradation; bicubic as in the reference by default.
        cqmix: Config of CQMix.
        adapter: Config of the task adapter; chosen by the task network's library by default.
        discriminator: Config of a real/fake branch on the task network's features; None for methods without one.
        extractor: Config of a network that lends the TDP features, or 'task_net' for another one like the task network.
        data_preprocessor: Arguments of :class:`LRHRDataPreprocessor`, or the task library's own preprocessor config,
            which then goes to the task network (mmpretrain keeps it at the top of a config).
        init_from: Checkpoint (path or URL) by network, loaded after its own initialisation; 'random' loads none.
        test_cfg: ``input`` ('hr' is degraded, 'lr' is taken as it is), ``image`` (kind shown to the task network: 'sr',
            'up', 'hr'; default 'sr' with an SR network, else 'up'), ``predict_task`` (False evaluates images alone),
            ``coordinates`` ('lr' or 'sr', for LR input).
        channels_last: Keep convolutions of all networks, or of those named, in this order: the same up to rounding.
        init_cfg: mmengine's own.

    Raises:
        UserError: Contradictory settings, each in one sentence.

    Source: Kim et al., CVPR 2024; methods.md 5.
    """

    def __init__(
        self,
        task_net: dict | nn.Module,
        phases: Sequence[Mapping],
        scale: int,
        sr_net: dict | nn.Module | None = None,
        degradation: Mapping | None = None,
        cqmix: Mapping | None = None,
        adapter: Mapping | None = None,
        discriminator: Mapping | nn.Module | None = None,
        extractor: dict | str | None = None,
        data_preprocessor: dict | None = None,
        init_from: Mapping[str, str] | None = None,
        test_cfg: Mapping | None = None,
        channels_last: bool | Sequence[str] = False,
        init_cfg: dict | None = None,
    ) -> None:
        preprocessor_args, task_preprocessor = settings.sort_preprocessor(data_preprocessor)
        task_net = build_task_net(task_net, task_preprocessor)
        test_cfg = settings.check_test_cfg(test_cfg, has_sr=sr_net is not None)
        adapter = build_adapter(adapter, task_net)
        args = {
            'input': test_cfg['input'],
            'coordinates': test_cfg['coordinates'],
            **preprocessor_args,
        }
        preprocessor = settings.build_preprocessor(args, task_net, adapter, degradation, scale)
        super().__init__(preprocessor, init_cfg)
        self.scale = scale
        self.test_cfg = test_cfg
        self.init_from = dict(check_options('model.init_from', init_from or {}))
        self.adapter = adapter
        self.task_net = task_net
        if sr_net is not None:
            self.sr_net = check_scale(build_sr_net(sr_net), scale)
        if discriminator is not None:
            self.discriminator = build_discriminator(discriminator, task_net, adapter)
        if extractor is not None:
            self.extractor = settings.build_extractor(extractor, task_net, adapter)
        self.phases = nn.ModuleList(MODELS.build(dict(phase)) for phase in phases)
        self.cqmix: CQMix = TRANSFORMS.build({'type': 'sr4ir_mm.CQMix', **(cqmix or {})})
        settings.check_phases(self.phases, self.nets(), self.data_preprocessor.train_input)
        settings.check_init_from(self.init_from, self.nets())
        settings.check_features(self.phases, self.nets(), self.adapter, self.default_layers)
        if self.default_layers:
            print_log(f'TDP features by default: {self.default_layers}', logger='current')
        use_channels_last(self, channels_last)
        for name in self.idle_nets():
            getattr(self, name).requires_grad_(False)
        keep_plain_names(self)

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One iteration: every phase in order.

        Args:
            data: Collated batch of the task library's pipeline.
            optim_wrapper: One optimizer wrapper by name of each trained network.

        Returns:
            Losses for logging, named ``<net>/<image kind>.<loss>``, and their sum ``loss``.
        """
        batch = self.data_preprocessor(data, True)['inputs']
        context = self.phase_context(batch, Progress.of_run())
        logs: dict[str, Tensor] = {}
        for phase in self.phases:
            logs.update(self._run_phase(phase, context, optim_wrapper))
        totals = [value for name, value in logs.items() if name.endswith('/loss')]
        if totals:
            logs['loss'] = torch.stack(totals).sum()
        return {name: value for name, value in logs.items() if not name.endswith('/loss')}

    def _run_phase(
        self, phase: Phase, context: PhaseContext, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Compute one phase's losses with the other networks frozen, and update the networks it trains."""
        nets, logs, totals = {n: getattr(self, n) for n in phase.trains}, {}, []
        with frozen(*(net for name, net in self.nets().items() if name not in nets)):
            # SR images that the parts share are made here, in mixed precision like the parts.
            with optim_wrapper.context(nets, True):
                parts = phase.loss_parts(context)
            for number, part in enumerate(parts, 1):
                last = number == len(parts)
                with optim_wrapper.context(nets, last):
                    losses = part()
                if not losses:
                    return {}
                total, part_logs = self.parse_losses(losses)
                norms = optim_wrapper.backward(total, phase.trains, last)
                logs.update({k: logs[k] + v if k in logs else v for k, v in part_logs.items()})
                totals.append(total.detach())
        logs['loss'] = torch.stack(totals).sum()
        logs = {f'{phase.prefix}/{name}': value.detach() for name, value in logs.items()}
        return {**logs, **norms}

    @cached_property
    def default_layers(self) -> list[str]:
        """Features that the TDP loss compares if its config names none; none without such a loss."""
        compared = any(phase.loss_names() & {'tdp', 'distill'} for phase in self.phases)
        return self.adapter.default_layers(unwrap(self.task_net)) if compared else []

    def phase_context(self, batch: LRHRBatch, progress: Progress | None = None) -> PhaseContext:
        """One iteration as the phases see it; without ``progress`` every loss has started."""
        progress = progress or Progress()
        images = TrainingImages(batch, self.super_resolve, self.cqmix, self.adapter, progress)
        return PhaseContext(self.nets(), self.adapter, images, self.default_layers, progress)

    def train(self, mode: bool = True) -> TaskDrivenSR:
        """Set train or eval mode; networks that no phase trains stay in eval mode."""
        super().train(mode)
        for name in self.idle_nets():
            getattr(self, name).eval()
        return self

    def init_weights(self) -> None:
        """Initialise the networks their own way, then load the checkpoints of ``init_from``."""
        with usual_layout(self):
            super().init_weights()
        load_initial_weights(self.nets(), self.init_from)

    def nets(self) -> dict[str, nn.Module]:
        """The networks present, by name."""
        return {name: getattr(self, name) for name in NETS if hasattr(self, name)}

    def trained_nets(self) -> list[str]:
        """Names of the networks that a phase trains; exactly these need an optimizer."""
        return [name for name in self.nets() if any(name in phase.trains for phase in self.phases)]

    def idle_nets(self) -> list[str]:
        """Names of the networks that no phase trains."""
        return [name for name in self.nets() if name not in self.trained_nets()]

    def loss_starts(self) -> list[float]:
        """Shares of the training after which losses start, 0 apart, in order."""
        return sorted({share for phase in self.phases for share in phase.begins.values()})

    def super_resolve(self, lr_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images, neither clamped nor quantised."""
        # Without gradient past a wrapper, which would wait for processes that draw no SR images in this iteration.
        sr_net = self.sr_net if torch.is_grad_enabled() else unwrap(self.sr_net)
        return super_resolve(sr_net, lr_rgb01, self.scale)

    def forward(
        self,
        inputs: LRHRBatch | Tensor,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ) -> list[BaseDataElement] | dict | Tensor:
        """Mmengine's entry.

        Args:
            inputs: A preprocessed batch; for mode 'tensor' also plain LR images (N, 3, H, W) in image space.
            data_samples: Unused, the batch holds them.
            mode: 'predict' for data samples, 'loss' for the losses of all phases, 'tensor' for SR images.

        Raises:
            ValueError: Unknown mode.
        """
        if mode == 'predict':
            return self.predict(inputs)
        if mode == 'tensor':
            return self.super_resolve(inputs if isinstance(inputs, Tensor) else inputs.lr_rgb01)
        if mode == 'loss':
            context = self.phase_context(inputs)
            found = [(phase.prefix, phase.compute_losses(context)) for phase in self.phases]
            return {f'{prefix}/{k}': v for prefix, losses in found for k, v in losses.items()}
        raise ValueError(f"mode={mode!r} is unknown; use 'predict', 'loss' or 'tensor'.")

    def predict(self, batch: LRHRBatch, kind: str | None = None) -> list[BaseDataElement]:
        """Show one image kind to the task network.

        Args:
            batch: The preprocessed batch.
            kind: 'sr', 'up' or 'hr'; by default what ``test_cfg.image`` says.

        Returns:
            The task library's data samples with predictions and, as fields, images (3, H, W) in image space:
            ``sr_rgb01`` (shown to the task network), ``lr_rgb01``, ``up_rgb01`` and, unless LR is input, ``hr_rgb01``.
        """
        kind = kind or self.test_cfg['image']
        shown_rgb01 = image_of_kind(batch, kind, self.scale, self.super_resolve)
        samples = batch.samples
        if self.test_cfg['predict_task']:
            samples = self.adapter.predict(self.task_net, shown_rgb01, batch)
        attach_images(samples, batch, shown_rgb01, self.scale)
        return samples
