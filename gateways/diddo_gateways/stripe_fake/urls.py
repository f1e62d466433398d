"""URLs as Stripe takes them."""

from urllib.parse import urlsplit

from diddo_gateways.stripe_fake.errors import InvalidRequest

__all__ = ["check_receiver", "check_url"]


def check_url(url: str, *, param: str) -> None:
    """Raise Stripe's error when a URL has no scheme or no host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidRequest("Not a valid URL", code="url_invalid", param=param) from None
    if not parts.scheme or "://" not in url:
        raise InvalidRequest(
            "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param=param
        )
    if not parts.netloc:
        raise InvalidRequest("Not a valid URL", code="url_invalid", param=param)


def check_receiver(url: str, *, param: str) -> None:
    """Raise Stripe's error when webhooks cannot be sent to a URL."""
    check_url(url, param=param)
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("Invalid URL: must start with http:// or https://.", code="url_invalid", param=param)
