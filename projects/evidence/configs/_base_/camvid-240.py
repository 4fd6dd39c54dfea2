# CamVid at 240 x 180 px, where its thin classes have pixels, and a network that keeps a fourth of the resolution.
_base_ = './camvid.py'
resize = dict(type='sr4ir_mm.ResizeShortSide', side=180, as_original=True)
train_pipeline = [*_base_.train_pipeline[:2], resize, *_base_.train_pipeline[3:]]
test_pipeline = [*train_pipeline[:3], train_pipeline[-1]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
# Square roots of median frequency over frequency in the training labels: thin classes are not learned without. mmseg
# looks the weight of void pixels up, too, though they have no loss; hence a twelfth output, which nothing trains.
class_weight = [0.53, 0.45, 2.17, 0.39, 1.0, 0.66, 1.97, 1.41, 0.89, 2.45, 3.09, 1.0]
task_net = dict(
    data_preprocessor=dict(size=(180, 240)),
    backbone=dict(strides=(2, 2, 1, 1), dilations=(1, 1, 2, 4)),
    decode_head=dict(num_classes=12, loss_decode=dict(class_weight=class_weight)),
)
task_options = dict(task_net=task_net)
sr_epochs = 40
sr_init_x4 = 'work_dirs/init_sr-net_x4_camvid-240/epoch_40.pth'
task_init = 'work_dirs/init_task-net_camvid-240/epoch_40.pth'
init_epochs = 40
epochs = 4
