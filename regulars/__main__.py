"""`python -m regulars` is the same program as `regulars`."""

from regulars.cli import main

main()
