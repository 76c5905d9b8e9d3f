"""Changing many rows: conditions, assignments, files, previews, change sets."""
