"""Metrics of generated person images, one pure file a metric, each number by a named protocol."""
