"""Parameters with which an RNTN learns the demo languages in seconds."""

from typing import Any

_COMMON: dict[str, Any] = {"cell": "rntn", "unknown": None, "monitor": "score", "alpha": 1e-5}

RECIPES: dict[str, dict[str, Any]] = {
    "sentiment": {**_COMMON, "n_state": 16, "learning_rate": 0.05, "max_iter": 30},
    "logic": {**_COMMON, "n_state": 12, "learning_rate": 0.05, "max_iter": 30},
    "listops": {**_COMMON, "n_state": 20, "learning_rate": 0.05, "max_iter": 40},
}
