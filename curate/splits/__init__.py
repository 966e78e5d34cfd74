"""Splits by whole components: protocols, assignment, folds."""
