"""What one would otherwise type: the peers, each used as its documentation shows."""
