"""The certificate: what a manifest proves, at which level, by which evidence, at what risk; with words that an author pastes."""
