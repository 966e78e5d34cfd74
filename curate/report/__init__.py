"""The HTML report of a frozen manifest."""
