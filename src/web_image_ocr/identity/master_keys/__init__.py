"""Keep the master keys, derive keys from them, encrypt secrets, and rotate them."""
