# Every eighth of the hand signs' training images: a camera of which few images have labels yet, for networks that have
# seen the others as HR images (demo/weights/init).
_base_ = './hand_signs.py'
train_dataloader = dict(dataset=dict(indices=list(range(0, 1642, 8))))
