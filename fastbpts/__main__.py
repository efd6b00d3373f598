"""``python -m fastbpts``."""

import sys

from fastbpts.cli import main

if __name__ == "__main__":
    sys.exit(main())
