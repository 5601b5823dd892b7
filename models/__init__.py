"""Models, losses and metrics, one file a workload; plain PyTorch, no Ray, no Optuna."""
