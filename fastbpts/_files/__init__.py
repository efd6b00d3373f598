"""Files as bytes: streams, lines, tensors, atomic writing."""
