"""The report as one page that opens offline: sections, templates, plots."""
