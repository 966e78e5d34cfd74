"""MRA-MIDAS: clinical and dermoscopic pictures of lesions before their biopsy."""
