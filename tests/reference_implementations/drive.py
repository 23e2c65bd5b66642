"""Makes a session in a state and prints its id, as a driver command does (`python -m tests.reference_implementations.drive`)."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request


def main(url: str, state: str) -> int:
    """Prints the id; nothing where the stand-in knows no way to the state."""
    wanted = urllib.request.Request(f"{url}/_drive/{state}", method="POST")
    try:
        with urllib.request.urlopen(wanted, timeout=10) as response:
            print(json.load(response)["id"])
    except urllib.error.HTTPError as error:
        return 0 if error.code == 404 else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
