"""Handing a trained generator on: the folder that ``export-generator`` makes, and its card."""
