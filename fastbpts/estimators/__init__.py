"""Estimators in the style of scikit-learn, a class per file."""
