"""Treebanks made by a seed, whose labels need composition: no bag of words gets them right."""

from fastbpts.demo.generate import KINDS, demo_treebank

__all__ = ["KINDS", "demo_treebank"]
