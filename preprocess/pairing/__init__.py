"""The catalogue of images, the pairs made of them, and the transforms of every pair."""
