"""The graph of evidence: why two images belong together, and the components that follow."""
