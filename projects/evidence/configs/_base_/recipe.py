# One recipe for every method of a data set: the same number of epochs from the same HR-trained task network
# (init_task-net_*; none for *-scratch) and the same SR network (init_sr-net_*); the last epoch counts. An epoch costs
# the methods different time, not different numbers of updates.
_base_ = '../../../../configs/_base_/schedules/sample.py'
train_cfg = dict(max_epochs=8, val_interval=2)
sr_optim = dict(optimizer=dict(lr=5e-4))
