"""The ISIC Archive with JSON side-cars, as the API of 2016 to 2021 wrote them."""
