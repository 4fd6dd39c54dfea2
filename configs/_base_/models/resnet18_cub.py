# The ResNet-18 of the Cars config with the classes of CUB-200-2011.
_base_ = './resnet18_cars.py'
num_classes = 200
classes = dict(data_preprocessor=dict(num_classes=num_classes), head=dict(num_classes=num_classes))
task_net = classes
task_options = dict(task_net=classes)
