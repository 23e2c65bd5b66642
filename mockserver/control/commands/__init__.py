"""Further commands of the mock: `specimen ctl` and `specimen faults`."""
