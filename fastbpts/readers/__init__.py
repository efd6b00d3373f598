"""Readers: text, files and Python objects into a :class:`fastbpts.Treebank`."""
