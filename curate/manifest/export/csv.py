"""`csv`: the rows alone."""

from curate.manifest.export.interface import Export, Format


def _write(_export: Export) -> dict[str, str]:
    return {}  # images.csv and classes.csv stand in every export


FORMAT = Format(
    reader="whatever reads CSV (UTF-8, RFC 4180): the rows of the splits, without pictures",
    how="""```python
import pandas

rows = pandas.read_csv("images.csv", keep_default_na=False)
```
""",
    write=_write,
    has_pictures=False,
)
