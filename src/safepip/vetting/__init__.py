"""Rules on names and ages, judged before a file is fetched: look-alikes, new projects, the cooldown, late files."""
