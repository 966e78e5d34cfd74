"""Fitzpatrick 17k: clinical pictures of two atlases of the web."""
