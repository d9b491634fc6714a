"""Source code on this machine: archives, checkouts, the fence in which builds run, backends, what they have built."""
