"""The search for one version of everything: `resolver.resolve` is its front door."""
