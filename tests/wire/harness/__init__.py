"""Everything the wire suite needs to run the real binary and talk to it."""
