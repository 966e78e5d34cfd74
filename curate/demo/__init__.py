"""Drawn lesions in native layouts, with planted leaks, and the whole job run on them."""
