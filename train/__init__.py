"""From a frozen manifest and its pictures to a model and its figures."""
