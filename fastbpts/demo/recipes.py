"""Parameters with which models learn the demo languages in seconds."""

from typing import Any

_COMMON: dict[str, Any] = {
    "cell": "rntn",
    "n_state": 16,
    "optimizer": "adam",
    "learning_rate": 0.005,
    "reduction": "sum_per_graph",
    "schedule": "cosine",
    "max_norm": 1.0,
    "alpha": 0.0,
    "unknown": None,
}

RECIPES: dict[str, dict[str, Any]] = {
    "sentiment": {**_COMMON, "max_iter": 40},
    "logic": {**_COMMON, "max_iter": 10},
    "listops": {**_COMMON, "max_iter": 60},
}

LANGUAGE_MODEL: dict[str, Any] = {
    "cell": "gru",
    "n_state": 96,
    "n_embedding": 24,
    "n_steps": 40,
    "batch_size": 16,
    "learning_rate": 0.006,
    "schedule": "cosine",
    "max_iter": 8,
}
