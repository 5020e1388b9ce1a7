"""Settings: typed, documented, refused all at once when they are wrong or unsafe."""

from dataclasses import fields
from pathlib import Path

import pytest

from kaquan.foundation.configuration import (
    SETTINGS,
    Configuration,
    ConfigurationError,
    default_home,
    load_configuration,
)

HOME = {"KAQUAN_HOME": "/srv/kaquan"}


def test_an_empty_environment_gives_a_safe_installation_on_this_machine() -> None:
    configuration = load_configuration({})

    assert configuration.home == default_home()
    assert configuration.key_file == default_home() / "keys.json"
    assert configuration.http_host == "127.0.0.1"
    assert configuration.database_url is None
    assert configuration.time_zone.key == "Asia/Shanghai"
    assert not configuration.debug
    assert "*" not in configuration.allowed_hosts


def test_every_field_is_a_documented_setting_with_both_languages() -> None:
    assert [setting.field for setting in SETTINGS] == [item.name for item in fields(Configuration)]
    for setting in SETTINGS:
        assert setting.name == "DATABASE_URL" or setting.name.startswith("KAQUAN_")
        assert any("\u4e00" <= character <= "\u9fff" for character in setting.zh), setting.name
        assert setting.en.isascii(), setting.name
        assert setting.kind


def test_another_process_gets_the_same_configuration_from_its_environment() -> None:
    configuration = load_configuration(
        HOME
        | {
            "DATABASE_URL": "postgresql://a:b@db.example/kaquan",
            "KAQUAN_HTTP_HOST": "0.0.0.0",  # noqa: S104 - behind https, as required
            "KAQUAN_HTTPS": "yes",
            "KAQUAN_ALLOWED_HOSTS": "quan.example.cn, .example.com,[::1]",
            "KAQUAN_WORKERS": "4",
            "KAQUAN_TIME_ZONE": "Asia/Urumqi",
            "KAQUAN_LOG_LEVEL": "WARNING",
        }
    )

    assert configuration.allowed_hosts == ("quan.example.cn", ".example.com", "[::1]")
    assert load_configuration(configuration.environment()) == configuration


def test_an_empty_variable_counts_as_absent() -> None:
    blank = {setting.name: " " for setting in SETTINGS}

    assert load_configuration(blank) == load_configuration({})


def test_the_names_of_a_client_of_some_server_are_no_settings_of_this_one() -> None:
    given = {"KAQUAN_API_KEY": "kq_live_x", "KAQUAN_SIGNING_SECRET": "kq_sign_x"}

    assert load_configuration(given) == load_configuration({})
    assert "kq_" not in str(load_configuration(given).environment())


def test_a_relative_home_and_a_tilde_become_absolute() -> None:
    assert load_configuration({"KAQUAN_HOME": "somewhere"}).home == Path.cwd() / "somewhere"
    assert load_configuration({"KAQUAN_HOME": "~/k"}).home == Path.home() / "k"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KAQUAN_HTTP_PORT", "0"),
        ("KAQUAN_HTTP_PORT", "65536"),
        ("KAQUAN_HTTP_PORT", "８７００"),
        ("KAQUAN_HTTP_PORT", "9" * 10_000_000),
        ("KAQUAN_WORKERS", "-1"),
        ("KAQUAN_WORKERS", "1.5"),
        ("KAQUAN_DEBUG", "maybe"),
        ("KAQUAN_HTTP_HOST", "not a host"),
        ("KAQUAN_HTTP_HOST", "example.com"),
        ("KAQUAN_ALLOWED_HOSTS", "https://example.com"),
        ("KAQUAN_ALLOWED_HOSTS", ","),
        ("KAQUAN_TIME_ZONE", "Mars/Olympus"),
        ("KAQUAN_TIME_ZONE", "../../etc/passwd"),
        ("KAQUAN_LOG_LEVEL", "loud"),
        ("KAQUAN_HOME", 'a"b'),
        ("KAQUAN_HOME", "a$(b)"),
        ("KAQUAN_KEY_FILE", "a\nb"),
        ("KAQUAN_HOME", "a\0b"),
        ("KAQUAN_FAILPOINTS", "ledger.before_commit=explode"),
        ("DATABASE_URL", "mysql://a/b"),
        ("DATABASE_URL", "postgresql://host-without-a-database"),
        ("DATABASE_URL", "postgresql://a:b@/c?no_such_parameter=1"),
    ],
)
def test_a_value_that_a_setting_cannot_take_is_named_in_both_languages(
    name: str, text: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_configuration({name: text})

    assert refused.value.code == "configuration_invalid"
    (problem,) = refused.value.problems
    assert problem.zh.startswith(name)
    assert problem.en.startswith(name)
    assert len(problem.en) < 400


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_configuration({"KAQUAN_WORKERS": "many", "KAQUAN_DEBUG": "?", "KAQUAN_WROKERS": "2"})

    assert len(refused.value.problems) == 3
    assert "did you mean KAQUAN_WORKERS?" in refused.value.en
    assert "您是否要写 KAQUAN_WORKERS" in refused.value.zh


def test_a_bad_database_url_is_never_repeated() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_configuration({"DATABASE_URL": "postgres:/user:s3cret@host"})

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"KAQUAN_ALLOWED_HOSTS": "*"}, "KAQUAN_ALLOWED_HOSTS"),
        ({"KAQUAN_HTTP_HOST": "0.0.0.0"}, "KAQUAN_HTTP_HOST"),  # noqa: S104 - is refused
        ({"KAQUAN_HTTP_HOST": "::"}, "KAQUAN_HTTP_HOST"),
        (
            {"KAQUAN_HTTP_HOST": "10.0.0.1", "KAQUAN_HTTPS": "1", "KAQUAN_DEBUG": "1"},
            "KAQUAN_DEBUG",
        ),
        (
            {"KAQUAN_HTTP_HOST": "10.0.0.1", "KAQUAN_HTTPS": "1", "KAQUAN_DEMO": "1"},
            "KAQUAN_DEMO",
        ),
        ({"KAQUAN_FAILPOINTS": "a=exit"}, "KAQUAN_FAILPOINTS"),
    ],
)
def test_an_unsafe_combination_does_not_start(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(environment)

    assert [problem.en.startswith(named) for problem in refused.value.problems] == [True]


@pytest.mark.parametrize(
    "environment",
    [
        {"KAQUAN_HTTP_HOST": "localhost"},
        {"KAQUAN_HTTP_HOST": "::1"},
        {"KAQUAN_HTTP_HOST": "10.0.0.1", "KAQUAN_HTTPS": "1"},
        {"KAQUAN_DEBUG": "1", "KAQUAN_ALLOWED_HOSTS": "*", "KAQUAN_FAILPOINTS": "a=exit@3"},
        {"KAQUAN_DEMO": "1"},
    ],
)
def test_the_safe_neighbours_of_unsafe_combinations_do_start(environment: dict[str, str]) -> None:
    load_configuration(environment)


@pytest.mark.parametrize(
    ("sandbox_url", "hint"),
    [
        ("", "KAQUAN_SANDBOX_DATABASE_URL"),
        ("postgresql://c:d@db.example/kaquan", "is the database of DATABASE_URL"),
    ],
)
def test_a_sandbox_on_the_live_database_is_refused(sandbox_url: str, hint: str) -> None:
    live = {"DATABASE_URL": "postgresql://a:b@db.example/kaquan", "KAQUAN_SANDBOX": "1"}

    with pytest.raises(ConfigurationError) as refused:
        load_configuration(live | {"KAQUAN_SANDBOX_DATABASE_URL": sandbox_url})

    assert hint in refused.value.en
    load_configuration(live | {"KAQUAN_SANDBOX_DATABASE_URL": "postgresql://c:d@db.example/trial"})
