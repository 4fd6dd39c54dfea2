"""A model, a data set and a metric small enough to run the tools for real in a second."""

import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch import nn


@MODELS.register_module(force=True)
class ToyTwoNets(BaseModel):
    """Two linear nets, trained in turn, with the names of the package's model."""

    def __init__(self, init_from=None):
        super().__init__()
        self.sr_net = nn.Linear(2, 2)
        self.task_net = nn.Linear(2, 1)

    phases = ()

    def loss_starts(self):
        return []

    def trained_nets(self):
        return ['sr_net', 'task_net']

    def train_step(self, data, optim_wrapper):
        x = torch.stack(data['x'])
        loss_sr = (self.sr_net(x) - x).pow(2).mean()
        optim_wrapper['sr_net'].update_params(loss_sr)
        loss_task = self.task_net(self.sr_net(x).detach()).pow(2).mean()
        optim_wrapper['task_net'].update_params(loss_task)
        return {'sr_net/loss': loss_sr.detach(), 'task_net/loss': loss_task.detach()}

    def forward(self, x, mode='tensor'):
        return [{'value': float(self.task_net(self.sr_net(item))), 'sr_rgb01': item} for item in x]


@DATASETS.register_module(force=True)
class ToyLines(BaseDataset):
    """One sample a line of the annotation file."""

    def load_data_list(self):
        with open(self.ann_file) as file:
            return [{'x': float(line)} for line in file]

    def __getitem__(self, index):
        value = self.get_data_info(index)['x']
        return {'x': torch.tensor([value, -value])}


@METRICS.register_module(force=True)
class ToyMean(BaseMetric):
    """Mean of the predicted values."""

    def process(self, data_batch, data_samples):
        self.results += [sample['value'] for sample in data_samples]

    def compute_metrics(self, results):
        return {'toy_mean': sum(results) / len(results)}
