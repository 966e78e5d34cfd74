"""From a frozen manifest and its pictures to a model and its figures (Esteva et al., Nature 2017)."""
