"""Outcome in, text out: for people (`messages`) and for programs (`json_report`). Nothing here writes anything."""
