"""One file a verb; each reads as the story of that verb on one page."""
