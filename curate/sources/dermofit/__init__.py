"""Dermofit: clinical pictures, one folder each, and a list of stems and classes."""
