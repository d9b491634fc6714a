"""Runs pip as a program, and reads back what it did."""
