"""Every snippet that the two guides call right, run against the package."""
