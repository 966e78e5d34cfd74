"""The ISBI 2016 challenge, part 3."""
