"""JSON twins of the pages: both call the same function of the room behind them."""
