"""Training a model on a frozen manifest."""

from train.fit.fit import fit

__all__ = ["fit"]
