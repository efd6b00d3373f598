"""Recurrent layers on batches of equal sequences: tasks, the peers that compute them, and the turns they take."""
