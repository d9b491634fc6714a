"""HTTP, TLS, proxies, credentials, and the thread that the network runs in."""
