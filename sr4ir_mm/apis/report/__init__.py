"""Reports of finished runs: what each image gained, stratified and calibrated, as CSV and one HTML page.

``judge`` knows what a right answer is, ``runs`` reads work dirs, ``figures`` draws curves, ``page`` lays it out.
Imported by tools; imports the inferencer's modules.
"""
