"""What pip is told, and whether it did that and nothing else."""
