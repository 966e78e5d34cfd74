"""Pictures of a frozen manifest as tensors."""
