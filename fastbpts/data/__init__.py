"""Trees, sentences and texts as flat arrays, and batches of them."""
