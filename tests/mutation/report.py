"""The report of a sampled mutation run: how many of each part were killed, and which were not."""

import json
from pathlib import Path

WANTED = 0.9
"""Share of mutants that the tests should notice."""


def write_report(out: Path, parts: list[str], markdown: Path | None) -> int:
    """Print the report (and write it to `markdown`); 1 where fewer than WANTED of the mutants were killed."""
    from tests.studies.made_on import made_on  # which imports the project: not before its mutants have been tested

    rows, survivors, killed, tested = [], [], 0, 0
    for part in parts:
        file = out / f"{part}.json"
        results = json.loads(file.read_text()) if file.exists() else {}
        done = {name: result for name, result in results.items() if result}
        alive = {name: result for name, result in done.items() if result["outcome"] == "survived"}
        killed, tested = killed + len(done) - len(alive), tested + len(done)
        share = f"{1 - len(alive) / len(done):.0%}" if done else ""
        rows.append(f"| {part} | {len(results)} | {len(done)} | {len(done) - len(alive)} | {share} |")
        survivors += [f"- `{name}`: {change(result['diff'])}" for name, result in alive.items()]
    share = killed / tested if tested else 0.0
    lines = [
        "# Mutants of the core, and what the tests notice",
        "",
        "| part | drawn | tested | killed | share |",
        "|:--|--:|--:|--:|--:|",
        *rows,
        f"| all | | {tested} | {killed} | {share:.1%} |",
        "",
        f"Written by `tests/mutation/sample.py`: mutants of cosmic-ray, drawn with a seed. Asked: {WANTED:.0%} "
        "killed. Those that survived a first pass were given tests and tried again: the share is that of this sample, "
        f"and no estimate for all mutants. {made_on()}",
        "",
        "Survivors:" if survivors else "No mutant survived.",
        "",
        *survivors,
    ]
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if markdown:
        markdown.write_text(text, encoding="utf-8")
    return 0 if share >= WANTED else 1


def change(diff: str) -> str:
    """The changed line before and after, in one line of markdown."""
    marked = [line for line in diff.splitlines() if line[:1] in "+-" and not line.startswith(("---", "+++"))]
    before, after = (" ".join(line[1:].strip() for line in marked if line[0] == sign) for sign in "-+")
    return f"`{before}` → `{after}`"
