"""The sweep engine: Optuna proposes, ASHA stops early, Ray Tune runs; knows nothing of audio."""

__version__ = "0.1.0"
