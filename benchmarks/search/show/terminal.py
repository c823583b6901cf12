"""Answers as tables on a terminal, one a method, side by side where the window is wide enough."""

from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchmarks.search.answer import Answer, Hit
from benchmarks.search.found import Found
from benchmarks.search.gallery import Gallery
from benchmarks.search.query import Query
from benchmarks.search.show.inline import half_blocks, pixel_escapes, pixel_protocol
from benchmarks.search.show.thumbs import gallery_thumb
from datasets.words import count_of, score_text

_STYLE = {"match": "bold green", "no good match": "bold yellow", "nothing to search for": "bold red"}
_COLUMNS, _ROWS = 12, 5
"""Characters of a thumbnail."""


def print_found(console: Console, found: Sequence[Found], gallery: Gallery, thumbnails: bool = True) -> None:
    """Of each query the hits of each method, its verdict and time, and below them what a reader should know.

    What is to be said of every query is said once, at the end. Thumbnails need a terminal with colours; one that shows
    real pixels gets a strip of them instead.
    """
    notes = [_notes_of(one.answers) for one in found]
    always = [note for note in notes[0] if all(note in each for each in notes)]
    for one, said in zip(found, notes, strict=True):
        _print_query(console, one, gallery, thumbnails)
        _print_notes(console, [note for note in said if note not in always])
    if len(found) > 1 and always:
        console.print("every query:")
    _print_notes(console, always)
    skipped = gallery.skipped()
    if skipped.count:
        reasons = "; ".join(f"{path}: {reason.removeprefix(path + ': ')}" for path, reason in skipped.first)
        more = " …" if skipped.count > len(skipped.first) else ""
        _print_line(console, f"  {count_of(skipped.count, 'image')} skipped: {reasons}{more}")


def _print_query(console: Console, found: Found, gallery: Gallery, thumbnails: bool) -> None:
    query, answers = found.query, found.answers
    size = ""
    if isinstance(query, Query):
        height, width = query.image.shape[:2]
        size = f" ({width}x{height})"
    console.print(f"[bold]{escape(query.name)}[/]{size} in {escape(answers[0].gallery)}", highlight=False)
    protocol = pixel_protocol() if thumbnails and console.is_terminal else ""
    coloured = thumbnails and console.is_terminal and console.color_system is not None and not protocol
    console.print(Columns([_table(answer, gallery, coloured) for answer in answers]))
    if protocol:
        from benchmarks.search.show.sheet import draw_strip

        for answer in answers:
            console.file.write(pixel_escapes(draw_strip(query, answer, gallery), protocol) + "\n")
    for why in found.whys:
        if why is not None:
            _print_line(console, f"  {why.title}. {why.text}")


def _print_notes(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        _print_line(console, f"  {note}", style="dim")


def _print_line(console: Console, line: str, style: str = "") -> None:
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def _notes_of(answers: Sequence[Answer]) -> list[str]:
    """What is to be said of the answers to one query, each once: with its method, unless it holds for all of them."""
    notes = [_notes(answer) for answer in answers]
    return list(
        dict.fromkeys(
            note if all(note in each for each in notes) else f"{answer.method}: {note}"
            for answer, said in zip(answers, notes, strict=True)
            for note in said
        )
    )


def _table(answer: Answer, gallery: Gallery, thumbnails: bool) -> Table:
    style = _STYLE.get(answer.verdict, "bold")
    milliseconds = 1e3 * (answer.seconds["encode"] + answer.seconds["search"])
    table = Table(
        title=f"{escape(answer.method)}: [{style}]{answer.verdict}[/]",
        title_justify="left",
        title_style="",
        caption=f"{milliseconds:,.1f} ms, loaded in {answer.seconds['load']:.1f} s",
        caption_justify="left",
    )
    table.add_column("#", justify="right")
    if thumbnails:
        table.add_column("", min_width=_COLUMNS)
    table.add_column("score", justify="right")
    likely = any(hit.chance is not None for hit in answer.hits)
    if likely:
        table.add_column("chance", justify="right")
    table.add_column("image", overflow="fold")
    labelled = any(hit.label for hit in answer.hits)
    if labelled:
        table.add_column("label", overflow="fold")
    for hit in answer.hits:
        cells: list[Text | str] = [str(hit.rank)]
        if thumbnails:
            picture = gallery_thumb(gallery, hit.id, 64)
            cells.append(half_blocks(picture, _COLUMNS, _ROWS) if picture else "(gone)")
        cells += [_score(answer, hit), *([percent(hit.chance)] if likely else []), escape(hit.path)]
        table.add_row(*cells, *([escape(hit.label)] if labelled else []))
    return table


def percent(chance: float | None) -> str:
    """A chance for people: whole percents, never 0 or 100 for what is not certain."""
    if chance is None or chance in (0, 1):
        return "" if chance is None else f"{chance:.0%}"
    return "<1%" if chance < 0.01 else ">99%" if chance > 0.99 else f"{chance:.0%}"


def _score(answer: Answer, hit: Hit) -> str:
    """The score, with a tick where it reaches the threshold."""
    return f"{'✓ ' if answer.is_good(hit) else ''}{score_text(hit.score + 0.0)}"


def _notes(answer: Answer) -> list[str]:
    """The answer's notes."""
    notes = list(answer.notes)
    if answer.threshold is not None:
        notes.append(f"✓ a good match: {score_text(answer.threshold)} or more ({answer.score_means})")
    if len(answer.faces) > 1:
        chosen = next(face.number for face in answer.faces if face.chosen)
        notes.append(
            f"{count_of(len(answer.faces), 'face')} found, searched for number {chosen} from the left (--face N)"
        )
    return notes
