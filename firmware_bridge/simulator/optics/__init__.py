"""Light through the flow cell: optical constants, particles, and the instrument that looks."""
