"""A report for machines: every finding, also those that are the same."""

from dataclasses import asdict
from typing import Any

from benchmarks.gate.report import Report
from benchmarks.gate.snapshot import Snapshot

SCHEMA = 1


def to_json(report: Report) -> dict[str, Any]:
    """The whole report, JSON-able: verdict, exit code, rules, both sides, findings with all flipped ids, its power."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "rules": asdict(report.rules),
        "base": _side(report.base),
        "new": _side(report.new),
        "findings": [asdict(finding) for finding in report.findings],
        "detectable": [asdict(entry) for entry in report.detectable],
    }


def _side(side: Snapshot) -> dict[str, Any]:
    return {
        "source": side.source,
        "cells": len(side.cells),
        "provenance": dict(side.provenance),
        "updates": [asdict(update) for update in side.updates],
    }
