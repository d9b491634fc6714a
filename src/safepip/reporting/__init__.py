"""Outcome in, text out: for people (`human`) and for programs (`json_report`). Nothing here writes anything."""
