"""Files of rows: what they hold (`guess`), what it means (`mapping`), taken in so that a kill loses nothing."""
