"""derm7pt: cases of a clinical and a dermoscopic picture."""
