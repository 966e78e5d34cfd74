"""What all pages share: the template engine and the style."""

from importlib.resources import files
from typing import Any


def template(name: str) -> Any:
    """Return a page's template; `thousands` writes whole numbers with separators and None as nothing."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["thousands"] = lambda n: f"{n:,}" if isinstance(n, int) else "" if n is None else n
    return environment.from_string(files("curate.report").joinpath("templates", name).read_text(encoding="utf-8"))


def style() -> str:
    """Return the style sheet."""
    return files("curate.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
