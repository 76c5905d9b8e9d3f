"""Tests of points in the bot."""
