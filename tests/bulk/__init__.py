"""Bulk updates, plans, batches, change sets and their undo."""
