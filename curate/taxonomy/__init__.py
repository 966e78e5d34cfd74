"""The tree of diseases, labels mapped onto it, and the partition into training classes."""
