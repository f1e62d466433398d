"""The gateways that can serve a cart: found by entry point, made once per world."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from diddo_gateways.in_process import AsgiApp
from diddo_gateways.protocol import Gateway, GatewayFactory, GatewaySettings, GatewayUnavailable
from diddo_gateways.worlds import World
from diddo_rules import SettingsError
from diddo_rules.suggest import did_you_mean
from diddo_sandbox.settings import SandboxSettings

__all__ = ["GROUP", "PaymentGateways"]

GROUP = "diddo_gateways"
# Where a webhook arrives no world is known yet; its signature is the platform's, whatever the account.
RECEIVER = "sk_test_diddo"


class PaymentGateways:
    """Every gateway that is installed, and the one that the settings choose.

    Args:
        settings: name the gateway and hold each one's options.
        webhook_secret: what the sandbox's own webhooks are signed with, where no option says otherwise.
        fake: the fake Stripe, which stands for Stripe unless an option names another address.
        fake_url: the address under which the fake is reached by URL.

    Raises:
        SettingsError: the chosen gateway, or one that has options, is not installed; the message lists those that are.
    """

    def __init__(self, settings: SandboxSettings, *, webhook_secret: str, fake: AsgiApp, fake_url: str) -> None:
        self.name = settings.gateway
        self._settings = settings
        self._webhook_secret = webhook_secret
        self._fake, self._fake_url = fake, fake_url
        self._installed: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=GROUP)}
        for name in (settings.gateway, *settings.gateways):
            if name not in self._installed:
                hint = did_you_mean(name, self._installed)
                known = ", ".join(sorted(self._installed))
                raise SettingsError(f"there is no gateway {name!r}. {hint} Installed: {known}")
        self._made: dict[tuple[str, str], Gateway] = {}

    def serving(self, world: World) -> Gateway:
        """Return the chosen gateway, for the account of a world."""
        return self._gateway(self.name, f"sk_test_{world.name}")

    def named(self, name: str, world: World) -> Gateway:
        """Return the gateway that a checkout was begun with, which may no longer be the chosen one.

        Raises:
            GatewayUnavailable: it is not installed any more.
        """
        if name not in self._installed:
            raise GatewayUnavailable(f"the gateway {name} is not installed any more")
        return self._gateway(name, f"sk_test_{world.name}")

    def receiver(self, name: str) -> Gateway | None:
        """Return the gateway of that name as the one that webhooks are addressed to; None when there is none."""
        return self._gateway(name, RECEIVER) if name in self._installed else None

    def load(self) -> None:
        """Import the chosen gateway, so that the first checkout need not wait for it.

        Raises:
            SettingsError: its options are wrong, or it cannot be imported.
        """
        self._gateway(self.name, RECEIVER)

    def _gateway(self, name: str, api_key: str) -> Gateway:
        made = self._made.get((name, api_key))
        if made is None:
            made = self._made[name, api_key] = self._make(name, api_key)
        return made

    def _make(self, name: str, api_key: str) -> Gateway:
        options: Mapping[str, object] = self._settings.gateways.get(name, {})
        try:
            factory: GatewayFactory | Callable[[GatewaySettings], Gateway] = self._installed[name].load()
            return factory(self._gateway_settings(options, api_key))
        except Exception as error:  # whatever a gateway of somebody else's raises, it is named
            raise SettingsError(f"the gateway {name!r} cannot be made: {type(error).__name__}: {error}") from error

    def _gateway_settings(self, options: Mapping[str, object], api_key: str) -> GatewaySettings:
        base_url = options.get("base_url")
        return GatewaySettings(
            api_key=str(options.get("api_key", api_key)),
            webhook_secret=str(options.get("webhook_secret", self._webhook_secret)),
            base_url=self._fake_url if base_url is None else str(base_url),
            options=options,
            transport=self._fake if base_url is None else None,
        )
