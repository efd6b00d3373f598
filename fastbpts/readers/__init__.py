"""Readers: files to treebanks, annotated sentences and texts."""
