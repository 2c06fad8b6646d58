"""One layer, or one family of layers, a file; base.py says what a layer is."""
