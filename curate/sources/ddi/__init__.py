"""DDI: clinical pictures of diverse skin tones, all confirmed by pathology."""
