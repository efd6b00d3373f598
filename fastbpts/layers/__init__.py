"""Layers over NumPy arrays with a forward and a backward step of their own."""
