"""Word vectors: training, queries, evaluation, files."""
