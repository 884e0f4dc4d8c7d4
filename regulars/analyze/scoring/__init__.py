"""What runs the shelf of scores: models fitted, applied to everybody, judged by what came after, told with a spread."""
