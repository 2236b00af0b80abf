"""Worlds more varied than the demo: what real surveillance crops differ in, drawn widely."""
