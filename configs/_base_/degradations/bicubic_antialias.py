# Bicubic with a filter before sampling, as MATLAB's imresize and PIL do: for networks trained on such LR images.
degradation = dict(type='sr4ir_mm.BicubicDegradation', antialias=True)
