"""Peer: PyTorch with oneDNN switched off; LSTM then runs operation by operation, as RNN and GRU always do."""

from __future__ import annotations

import torch

from recurrent.torch_rnn import Peer as Peer

NAME = "PyTorch, no oneDNN"
torch.backends.mkldnn.set_flags(_enabled=False)
