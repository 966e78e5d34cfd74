"""One decode of each picture, and all fingerprints from it: digests, EXIF facts, hashes, quality, CNN features."""
