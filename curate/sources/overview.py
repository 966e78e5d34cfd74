"""All sources at a glance; writes the README's table of them from the declarations.

python -m curate.sources.overview README.md
"""

import sys
from pathlib import Path
from typing import Any

from curate.sources.declaration import FACTS, Declaration, load_declaration
from curate.sources.registry import HERE, SOURCES

BEGIN, END = "<!-- sources: made from the declarations -->", "<!-- end of sources -->"


def gives(declaration: Declaration) -> list[str]:
    """Return what a source's records have beside labels: keys and facts."""
    spec = declaration.record
    keys = [name for name in ("image_keys", "lesion_keys", "patient_keys") if getattr(spec, name)]
    facts = [name for name in FACTS if getattr(spec, name).columns or getattr(spec, name).constant]
    return [*keys, *facts]


def overview() -> list[dict[str, Any]]:
    """Return a row per source: id, name, type, pictures, the coarsest level of its ids, licence."""
    rows = []
    for source_id in SOURCES:
        d = load_declaration(HERE / source_id / "source.toml")
        rows.append(
            {
                "id": d.id,
                "name": d.name,
                "type": d.type,
                "expected_images": d.expected_images,
                "level": d.level,
                "licence": d.licence,
                "gives": gives(d),
            }
        )
    return rows


def markdown() -> str:
    """Return the table in Markdown."""
    lines = ["| id | repository | pictures | ids know | licence |", "| --- | --- | --- | --- | --- |"]
    for row in overview():
        count = f"{row['expected_images']:,}" if row["expected_images"] else ""
        lines.append(f"| `{row['id']}` | {row['name']} | {count} | {row['level']} | {row['licence']} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """Return a page with the table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
