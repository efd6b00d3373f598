"""``fastbpts bench``."""

