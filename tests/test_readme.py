"""README is short, and docs/commands.md names every command."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README, COMMANDS = ROOT / "README.md", ROOT / "docs" / "commands.md"


def test_readme_has_under_900_words_above_its_layout():
    above, _, below = README.read_text(encoding="utf-8").partition("\n## Layout\n")
    assert below
    shown = re.sub(r"<!--.*?-->", "", above, flags=re.DOTALL)
    shown = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", shown)
    assert len([word for word in shown.split() if re.search(r"\w", word)]) < 900


def test_every_command_in_the_table_exists():
    from benchmarks.cli.app import app

    commands = {command.name for command in app.registered_commands}
    groups = {group.name for group in app.registered_groups}
    rows = re.findall(r"^\| (`.*?) \| ", COMMANDS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([a-z]+)", row)}
    assert named == commands | groups
