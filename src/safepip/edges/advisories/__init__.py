"""Sources of advisories: folders, archives and servers read within bounds, and the bundle that is made of them."""
