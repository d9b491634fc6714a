"""Turns an outcome into text: for people (`messages`), for programs (`json_report`). Nothing here writes it."""
