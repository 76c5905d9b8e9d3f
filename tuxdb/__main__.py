"""Run tuxdb as `python -m tuxdb`."""

from tuxdb.cli import main

main()
