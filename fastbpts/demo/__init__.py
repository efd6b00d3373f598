"""Data made by a seed: treebanks whose labels need composition, and prose whose verbs need memory."""

from fastbpts.demo.generate import KINDS, demo_treebank
from fastbpts.demo.prose import demo_text

__all__ = ["KINDS", "demo_text", "demo_treebank"]
