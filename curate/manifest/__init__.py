"""Frozen manifests: writing, reading, and proving them."""
