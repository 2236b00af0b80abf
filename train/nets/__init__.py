"""The networks: heat maps, the sparse part warp, generator, discriminator, VGG-19 features."""
