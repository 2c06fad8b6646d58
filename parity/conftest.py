"""One thread for PyTorch: the arrays are small, and its threads wait for each other in a loop."""

import torch

torch.set_num_threads(1)
