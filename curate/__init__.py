"""Curation of dermatology image sets: from folders of pictures to a frozen manifest whose split proves itself."""

__version__ = "0.1.0"
