"""The ISIC challenge of 2019."""
