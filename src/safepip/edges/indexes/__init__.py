"""Indexes asked over the network and the disk: pages, wheels, files, and guesses at what comes next."""
