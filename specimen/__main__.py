"""Runs the command `specimen` as `python -m specimen`."""

from specimen.cli import main

if __name__ == "__main__":
    main()
