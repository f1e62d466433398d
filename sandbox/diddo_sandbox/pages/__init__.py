"""The pages that shoppers meet: server-rendered, usable without a script, with nothing from another origin."""
