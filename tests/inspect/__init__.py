"""Tests of inspect."""
