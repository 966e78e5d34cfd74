"""The ISIC challenge of 2024, SLICE-3D."""
