"""What was refused: looked through, mended in bulk, and sent through the same door again."""
