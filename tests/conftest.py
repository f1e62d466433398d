"""The same verdict for the same commit: unless a profile is asked for, examples are drawn without chance."""

from hypothesis import settings

from diddo_rules.testing import register_profiles

if settings.get_current_profile_name() == "default":
    register_profiles()
    settings.load_profile("ci")
