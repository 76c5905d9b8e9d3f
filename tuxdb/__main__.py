"""Run tuxdb as `python -m tuxdb`."""

import sys

from tuxdb.cli import main

sys.exit(main())
