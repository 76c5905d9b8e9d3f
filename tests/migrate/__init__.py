"""Tests of migrate."""
