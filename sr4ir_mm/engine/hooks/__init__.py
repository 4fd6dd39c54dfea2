"""Hooks.

Imported by engine.
"""

from sr4ir_mm.engine.hooks.activation_checkpoint import ActivationCheckpointHook
from sr4ir_mm.engine.hooks.checkpoint import TaskCheckpointHook
from sr4ir_mm.engine.hooks.compile import CompileHook
from sr4ir_mm.engine.hooks.cudnn_benchmark import CudnnBenchmarkHook
from sr4ir_mm.engine.hooks.epoch_seed import EpochSeedHook
from sr4ir_mm.engine.hooks.invalid_loss import StopOnInvalidLossHook
from sr4ir_mm.engine.hooks.predictions import PredictionsHook
from sr4ir_mm.engine.hooks.retired import ChannelsLastHook, LossStartHook
from sr4ir_mm.engine.hooks.task_model import TaskModelHook, TaskRunner
from sr4ir_mm.engine.hooks.visualization import SRVisualizationHook

__all__ = [
    'ActivationCheckpointHook',
    'ChannelsLastHook',
    'CompileHook',
    'CudnnBenchmarkHook',
    'EpochSeedHook',
    'LossStartHook',
    'PredictionsHook',
    'SRVisualizationHook',
    'StopOnInvalidLossHook',
    'TaskCheckpointHook',
    'TaskModelHook',
    'TaskRunner',
]
