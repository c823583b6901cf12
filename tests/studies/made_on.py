"""The line of a study's page that says where and from which code it was made."""

from benchmarks.system.provenance import git_state, machine
from datasets.words import count_of


def made_on() -> str:
    """ "AMD EPYC, 2 cores, commit 708a7e7."; the commit is said to be changed where files of it were."""
    host, git = machine(), git_state()
    commit = f"commit {(git.get('commit') or 'unknown')[:7]}{' with changes' if git.get('dirty') else ''}"
    return f"{host['cpu']}, {count_of(host['cores'], 'core')}, {commit}."
