"""A PostgreSQL that is not ours: one login, and the application's role inside its sessions."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from kaquan.foundation.configuration import Configuration, load_configuration
from kaquan.foundation.postgres.safety import Level, check_settings
from kaquan.foundation.postgres.sessions import running_database
from kaquan.foundation.postgres.urls import connection_urls, with_role
from tests.fixtures_cluster import OwnCluster

_PASSWORD = "of-the-external-login"


@pytest.fixture
def external_server(fresh_cluster: OwnCluster) -> OwnCluster:
    """A server without any role of ours."""
    with psycopg.connect(fresh_cluster.superuser_url, autocommit=True) as superuser:
        superuser.execute("drop database kaquan")
        superuser.execute("drop role kaquan_app, kaquan_owner")
    return fresh_cluster


@pytest.fixture(params=["createrole", "nocreaterole"])
def login(external_server: OwnCluster, request: pytest.FixtureRequest) -> Iterator[Configuration]:
    """A login that owns its database; it may or may not create roles."""
    with psycopg.connect(external_server.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"create role issuer login {request.param} password '{_PASSWORD}'")
        superuser.execute("create database issuer owner issuer")
    parts = urlsplit(external_server.superuser_url)
    url = f"postgresql://issuer:{_PASSWORD}@/issuer?{parts.query}"
    return load_configuration(
        {"KAQUAN_HOME": str(external_server.configuration.home), "DATABASE_URL": url}
    )


@pytest.mark.parametrize("login", ["createrole"], indirect=True)
def test_the_role_is_created_and_sessions_of_the_application_are_bound_by_it(
    login: Configuration,
) -> None:
    with running_database(login) as urls:
        with psycopg.connect(urls.owner) as owner:
            owner.execute("create table ordinary (a int)")
        with psycopg.connect(urls.app, autocommit=True) as session:
            assert session.execute("select current_user").fetchone() == ("kaquan_app",)
            session.execute("insert into ordinary values (1)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("truncate ordinary")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("create table mine (a int)")
            assert check_settings(session) == []
    with running_database(login) as again:
        assert again == urls


@pytest.mark.parametrize("login", ["nocreaterole"], indirect=True)
def test_a_login_that_may_not_create_roles_works_with_a_warning(login: Configuration) -> None:
    with running_database(login) as urls, psycopg.connect(urls.app) as session:
        assert session.execute("select current_user").fetchone() == ("issuer",)
        problems = check_settings(session)

    assert [(problem.name, problem.level) for problem in problems] == [("app_role", Level.WARNING)]
    assert "create role kaquan_app nologin" in problems[0].zh


@pytest.mark.parametrize("login", ["nocreaterole"], indirect=True)
def test_a_role_that_an_administrator_made_is_used(
    login: Configuration, external_server: OwnCluster
) -> None:
    with psycopg.connect(external_server.superuser_url, autocommit=True) as superuser:
        superuser.execute("create role kaquan_app nologin")
        superuser.execute("grant kaquan_app to issuer")

    with running_database(login) as urls, psycopg.connect(urls.app) as session:
        assert session.execute("select current_user").fetchone() == ("kaquan_app",)


def test_an_unreachable_server_counts_as_having_the_role() -> None:
    configuration = load_configuration(
        {"KAQUAN_HOME": "/nowhere", "DATABASE_URL": "postgresql://a:b@/c?host=/nowhere"}
    )

    assert "kaquan_app" in connection_urls(configuration).app


def test_options_of_the_url_are_kept_beside_the_role(database_session_url: str) -> None:
    separator = "&" if "?" in database_session_url else "?"
    url = f"{database_session_url}{separator}options=-c%20statement_timeout%3D1234"

    with psycopg.connect(with_role(url, "kaquan_app")) as session:
        assert session.execute(
            "select current_user, current_setting('statement_timeout')"
        ).fetchone() == ("kaquan_app", "1234ms")


@pytest.fixture
def database_session_url(owner_url: str) -> str:
    """Any login that may act as the application."""
    return owner_url


def test_urls_are_not_shown_in_logs_and_tracebacks(owner_url: str) -> None:
    configuration = load_configuration({"KAQUAN_HOME": "/nowhere", "DATABASE_URL": owner_url})

    assert owner_url not in repr(configuration)
    assert owner_url not in repr(connection_urls(configuration))
