"""Drawing with a trained generator, outside of training."""
