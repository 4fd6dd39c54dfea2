# Ablation: TDP features come from a finished task network, that of H->T, which no one trains.
_base_ = '../sr4ir/_base_.py'
model = dict(extractor='task_net')
