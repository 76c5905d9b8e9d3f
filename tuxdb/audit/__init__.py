"""Raw SQL in Python source: found, classified, checked, rewritten, proved equal."""
