"""Regulars turns the customer data a brand already has into customers who come back. Start reading at `flow.py`."""

__version__ = "0.1.0"
