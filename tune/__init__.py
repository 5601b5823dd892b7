"""The sweep engine: Optuna proposes, ASHA stops early, Ray Tune runs; knows nothing of audio."""
