"""A hospital's own pictures, in the form that `manifest.schema.json` asks for."""
