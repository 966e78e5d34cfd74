"""Repositories in their native layouts: one folder per source with its declaration, label map and README."""
