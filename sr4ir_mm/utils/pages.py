"""Pages of the documentation of which a script writes a part."""

from __future__ import annotations

from pathlib import Path

from sr4ir_mm.utils.errors import UserError


def write_part(page: str | Path, name: str, body: str, title: str) -> None:
    """Write ``body`` between the lines ``<!-- name: begin -->`` and ``<!-- name: end -->`` of a page.

    Args:
        page: Markdown file; made, with the two lines, if it does not exist.
        name: Of the part.
        body: New text of the part.
        title: First line of a new page.

    Raises:
        UserError: The page lacks the lines; it stays as it is.
    """
    page = Path(page)
    start, end = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    text = page.read_text(encoding='utf-8') if page.is_file() else f'# {title}\n\n{start}\n{end}\n'
    if start not in text or end not in text:
        raise UserError(f'{page} lacks the lines {start} and {end}; add them, or name a new file.')
    before, after = text.split(start)[0], text.split(end)[1]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f'{before}{start}\n{body}\n{end}{after}', encoding='utf-8')
