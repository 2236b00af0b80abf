"""The commands of stage 1, one file each; click lives here and in shared.options alone."""
