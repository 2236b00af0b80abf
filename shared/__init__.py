"""The field's vocabulary for both stages: skeleton, geometry, errors, settings, files, console."""
