"""The only code that touches the world: network, disk, processes, terminal. It decides nothing."""
