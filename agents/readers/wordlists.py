"""Lists of words, written as one line of text."""


def words(text: str) -> list[str]:
    return text.split()
