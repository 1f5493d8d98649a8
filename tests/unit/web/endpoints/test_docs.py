"""`/docs` works where nothing but this server can be reached."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from sst.web import create_app
from tests.support.fake_runtime import fake_runtime
from tests.support.web import ask


class Addresses(HTMLParser):
    """Collect what a page loads or links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the address of one element."""
        del tag
        self.found += [
            value for name, value in attrs if name in {"src", "href", "action"} and value
        ]


def test_page_names_no_other_host() -> None:
    response = ask(create_app(fake_runtime()), "/docs")

    addresses = Addresses(response.text).found
    assert response.status_code == 200
    assert len(addresses) == 5
    assert not [address for address in addresses if urlsplit(address).netloc]
    assert not re.search(r"(https?:)?//\w", response.text)


def test_root_leads_to_the_page() -> None:
    response = ask(create_app(fake_runtime()), "/")

    # Relative: a proxy may have the application below a prefix.
    assert (response.status_code, response.headers["location"]) == (307, "docs")


def test_policy_of_the_page_allows_this_server_only() -> None:
    """Whatever a script tries, the browser refuses to go elsewhere."""
    policy = ask(create_app(fake_runtime()), "/docs").headers["content-security-policy"]

    sources = {word for part in policy.split(";") for word in part.split()[1:]}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "script-src 'self';" in policy


@pytest.mark.parametrize("page", ["/docs", "/behind/a/prefix/docs"])
def test_addresses_are_relative_to_the_page(page: str) -> None:
    """A proxy may serve the application under a prefix that it does not tell."""
    html = ask(create_app(fake_runtime()), "/docs").text

    found = {urljoin(page, address) for address in Addresses(html).found}

    home = page.removesuffix("/docs")
    assert {f"{home}/docs/swagger-ui-bundle.js", f"{home}/openapi.json"} <= found


def test_everything_that_the_page_names_is_served_with_its_type() -> None:
    app = create_app(fake_runtime())
    addresses = Addresses(ask(app, "/docs").text).found

    responses = {address: ask(app, urljoin("/docs", address)) for address in addresses}

    assert {name: response.status_code for name, response in responses.items()} == dict.fromkeys(
        addresses, 200
    )
    types = {
        name: response.headers["content-type"].split(";")[0]
        for name, response in responses.items()
    }
    assert types == {
        "docs/favicon-32x32.png": "image/png",
        "docs/swagger-ui.css": "text/css",
        "docs/swagger-ui-bundle.js": "text/javascript",
        "docs/start.js": "text/javascript",
        "openapi.json": "application/json",
    }


def test_start_script_reads_this_servers_description_and_asks_no_validator() -> None:
    script = ask(create_app(fake_runtime()), "/docs/start.js").text

    assert 'url: "openapi.json"' in script
    assert "validatorUrl: null" in script
    assert "//" not in re.sub(r"^//.*$", "", script, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["docs.html", "%2e%2e%2fapplication.py", "__init__.py", "x.js"])
def test_no_other_file_is_served(name: str) -> None:
    response = ask(create_app(fake_runtime()), f"/docs/{name}")

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/openapi.json", "/redoc"])
def test_production_shows_no_map_of_its_routes(path: str) -> None:
    response = ask(create_app(fake_runtime(environment="live", protected=True)), path)

    assert response.status_code == 404


def test_description_lists_the_endpoints_with_their_failures() -> None:
    description = ask(create_app(fake_runtime()), "/openapi.json").json()

    paths = description["paths"]
    assert set(paths) == {"/livez", "/readyz", "/health", "/metrics", "/version"}
    assert set(paths["/readyz"]["get"]["responses"]) == {"200", "503"}
    assert "application/health+json" in paths["/health"]["get"]["responses"]["503"]["content"]
    assert description["components"]["securitySchemes"]["operations_token"]["scheme"] == "bearer"
    assert "security" not in paths["/livez"]["get"]
