"""What counts as text that says nothing."""

__all__ = ["is_blank"]

# All that Unicode calls white space, and the zero-width characters that copying from a web page leaves behind.
_INVISIBLE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)


def is_blank(text: str | None) -> bool:
    """Return whether `text` is missing, empty, or nothing but white space and zero-width characters."""
    return not (text and (text[0].isalnum() or text.strip(_INVISIBLE)))  # nearly all begin with a letter or digit
