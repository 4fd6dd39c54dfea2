_base_ = ['./deeplabv3_x8_voc.py', '../_base_/degradations/mixture_a.py']
model = dict(degradation=_base_.degradation)
