"""`python -m specimen`: the same as the command `specimen`."""

from specimen.cli import main

if __name__ == "__main__":
    main()
