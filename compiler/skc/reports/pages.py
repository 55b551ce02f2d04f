"""Self-contained pages: no script, nothing loaded from elsewhere, light or dark. Every value in them is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skc.verification.shown import shown


def render_page(template: str, filters: dict[str, Any], **values: Any) -> str:
    """A template of this folder as HTML."""
    import jinja2  # only pages need it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": lambda value: f"{value:,}", "shown": shown, **filters}
    return environment.get_template(template).render(**values)
