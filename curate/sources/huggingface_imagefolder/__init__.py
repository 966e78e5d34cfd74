"""A shape that many sets of the Hugging Face Hub have: pictures in folders of splits, with a metadata table in each."""
