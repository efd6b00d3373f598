"""What every layer uses: checks of arguments, errors, locks, threads, progress."""
