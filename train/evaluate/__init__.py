"""Measuring a model on a held-out split of the manifest that it was trained on."""

from train.evaluate.evaluate import evaluate

__all__ = ["evaluate"]
