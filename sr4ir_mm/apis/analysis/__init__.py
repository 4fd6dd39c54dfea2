"""Analyses of trained models, those of SR4IR's supplement among them: task features (S1), SR and task networks of
different trainings together (S2, S4), cost (S3), SR benchmarks (S6), maps of what a prediction rests on (figures).

Imported by tools; imports the inferencer's modules.
"""
