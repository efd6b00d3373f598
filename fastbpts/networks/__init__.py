"""Networks: a cell, a readout, a loss and an optimiser, bound once."""
