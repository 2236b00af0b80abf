"""The pose network and the people it finds; beside ``demo`` the one room with ultralytics."""
