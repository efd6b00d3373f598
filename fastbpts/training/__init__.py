"""What training needs besides a network: losses, optimisers, schedules, the loop over epochs."""
