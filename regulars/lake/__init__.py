"""All customers at once: the journal as Parquet by day, and the engines that read it."""

from regulars.lake.files import Lake

__all__ = ["Lake"]
