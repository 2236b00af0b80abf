"""The settings of a training run: the tree, the presets and how both are resolved."""
