"""SCIN: photographs that users of a search engine sent in, with dermatologists' differential diagnoses."""
