"""From folders of pictures to scores: pairing, reading, measuring, writing tables."""
