"""How people log in: what django-allauth and Django's own sessions are told."""

AUTH_USER_MODEL = "staff.StaffUser"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["kaquan.staff.passwords.Argon2idHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
]

LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"  # where there is no console; see the adapter
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL

ACCOUNT_ADAPTER = "kaquan.surfaces.login.adapter.AccountAdapter"
ACCOUNT_USER_DISPLAY = "kaquan.surfaces.login.adapter.shown_name"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # the login ends with the browser
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Per address and, for one account, whatever the address; counted by all processes together.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/15m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}

# Another way in opens an account that is there already and was connected by its owner.
SOCIALACCOUNT_ADAPTER = "kaquan.surfaces.login.adapter.OtherLoginAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
# By a link: the policy lets forms lead nowhere else. The answer's state is checked all the same.
SOCIALACCOUNT_LOGIN_ON_GET = True

MFA_ADAPTER = "kaquan.surfaces.login.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Kaquan"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "staff_cache",
        # Crowding the table out must not be a way to be forgotten.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}

SESSION_COOKIE_NAME = "kaquan_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
