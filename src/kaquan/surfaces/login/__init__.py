"""Login: passwords, second factors, passkeys, sessions; pages over django-allauth."""
