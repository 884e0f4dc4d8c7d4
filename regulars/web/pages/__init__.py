"""Pages by room: templates beside their handlers."""
