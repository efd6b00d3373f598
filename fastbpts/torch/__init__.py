"""PyTorch modules over the kernels: recurrent layers in place of torch.nn's, and networks over trees and other graphs.

Tensors are on the CPU, in float32 or float64, and are not copied on their way to the kernels and back.
"""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("fastbpts.torch needs PyTorch: pip install 'fastbpts[torch]'", name="torch") from error

from fastbpts.torch._recurrent import GRU, LSTM, RNN
from fastbpts.torch._tree import TreeNet

__all__ = ["GRU", "LSTM", "RNN", "TreeNet"]
