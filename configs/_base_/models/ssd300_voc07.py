# SSD300 for VOC, of mmdet's zoo.
from mmengine import Config

zoo = "_base_ = 'mmdet::pascal_voc/ssd300_voc0712.py'"
task_net = Config.fromstring(zoo, '.py').model
task_net.backbone.init_cfg = None
del Config
task_weights = 'checkpoints/ssd300_voc0712.pth'
task_weights_help = {
    'ssd300_voc0712': "train mmdet's pascal_voc/ssd300_voc0712.py, for which its zoo has no weights, and put its last "
    'checkpoint there (docs/prepare_data.md)'
}
