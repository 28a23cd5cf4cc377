"""`python -m convkit`, the same as the command `convkit`."""

import sys

from convkit.cli import main

sys.exit(main())
