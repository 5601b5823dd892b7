"""Data sets and the generators of the embedded default data, one file a workload."""
