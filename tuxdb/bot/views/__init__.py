"""Buttons that need no memory: what they are for stands in them and their message."""
