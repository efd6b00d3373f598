"""Parsers: from text and Python objects to flat data."""
