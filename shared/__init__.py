"""The field's vocabulary, shared by both stages: skeleton, geometry, errors, settings, files, console."""
