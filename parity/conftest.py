"""What has to be so before PyTorch and Keras are imported.

One thread for PyTorch: the arrays are small, and its threads wait for each other in a loop. Keras
computes by PyTorch, which is here anyway.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import torch

torch.set_num_threads(1)
