_base_ = ['./deeplabv3_x4_voc.py', '../_base_/degradations/blur_bicubic.py']
model = dict(degradation=_base_.degradation)
