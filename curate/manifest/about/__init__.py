"""What a frozen folder says of itself to people and to other tools: README.md, attribution.txt, licenses/, croissant.json.

Nothing here is a source of facts: all of it follows from the tables and from manifest.json, and verification says where it does
not. The form of these files is part of the schema (schemas/manifest/README.md): another form is another schema version.
"""
