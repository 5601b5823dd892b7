"""Search spaces, baselines, targets and budgets, one file a workload; no torch."""
