"""Bytes of an image or strokes of a pen → what a network trained on MNIST expects; arrays → PNG.

An image goes through decode.py (bytes → picture), ink.py (picture → ink), blobs.py (the ink that
belongs to the drawing), pen.py (lines of MNIST's thickness) and normalize.py (28×28): prepare.py is
that chain. strokes.py needs only the end of it. render.py goes the other way.
"""
