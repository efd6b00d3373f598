"""Sequences: a network of embeddings, recurrent layers and a softmax, and the estimators over it."""
