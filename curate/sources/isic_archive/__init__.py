"""The ISIC Archive: downloads with metadata.csv, and the JSON side-cars of 2016 to 2021."""
