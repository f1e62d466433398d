"""Moving money: test cards and what each does, confirmation, 3-D Secure, the states of intents."""
