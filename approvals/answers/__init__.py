"""One answer per fact of the vocabulary. Each takes the matter and says what it found and how."""
