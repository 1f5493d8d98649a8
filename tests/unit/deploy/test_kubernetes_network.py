"""The objects of the manifests find one another: labels, ports, and who may talk to whom."""

from __future__ import annotations

import pytest

from tests.support.dockerfile import texts
from tests.support.manifests import only, policies_of, selects, workloads

APP, JOB = (workloads()[kind] for kind in ("Deployment", "Job"))
DATABASE_PORT = 5432
DNS = {("UDP", 53), ("TCP", 53)}


def port_of_the_image() -> int:
    """Return the port that the image serves on."""
    (port,) = texts("EXPOSE", "image")
    (command,) = texts("CMD", "image")
    assert f'"--port", "{port}"' in command
    return int(port)


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget"])
def test_selector_means_the_pods_of_the_application_alone(kind: str) -> None:
    """One that chose the Job as well would count it as an instance of the application."""
    selector = only(kind).spec["selector"]

    assert selects(selector, APP.labels)
    assert not selects(selector, JOB.labels)


def test_service_sends_requests_to_the_application_alone() -> None:
    """The Job has no server."""
    selector = {"matchLabels": only("Service").spec["selector"]}

    assert selects(selector, APP.labels)
    assert not selects(selector, JOB.labels)


def test_port_is_that_of_the_image_everywhere() -> None:
    """Service and probes name it, the container numbers it."""
    (port,) = APP.container["ports"]
    (served,) = only("Service").spec["ports"]
    probed = {APP.container[f"{n}Probe"]["httpGet"]["port"] for n in ("startup", "liveness")}
    probed.add(APP.container["readinessProbe"]["httpGet"]["port"])

    assert port["containerPort"] == port_of_the_image()
    assert {served["targetPort"]} == probed == {port["name"]}


def test_one_pod_can_always_be_moved_and_one_always_serves() -> None:
    """A budget that allows nothing would hold up every drain of a node."""
    replicas = APP.manifest.spec["replicas"]
    budget = only("PodDisruptionBudget").spec

    assert 0 < budget["maxUnavailable"] < replicas
    assert APP.manifest.spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_application_is_reached_on_its_port_and_from_named_places() -> None:
    """A rule without `from` lets everybody in, one without `ports` to everything."""
    rules = [r for policy in policies_of(APP.labels, "Ingress") for r in policy.get("ingress", ())]

    assert all(rule["from"] for rule in rules)
    assert [port for rule in rules for port in rule["ports"]] == [
        {"protocol": "TCP", "port": port_of_the_image()}
    ]


def test_nobody_reaches_the_job() -> None:
    """It is bound by a policy, and that has no rule."""
    policies = policies_of(JOB.labels, "Ingress")

    assert policies
    assert [policy["ingress"] for policy in policies if policy.get("ingress")] == []


@pytest.mark.parametrize("labels", [APP.labels, JOB.labels], ids=["app", "job"])
def test_pods_reach_the_dns_and_the_database_alone(labels: dict[str, str]) -> None:
    """Code that is broken into cannot send the rows somewhere else."""
    rules = [r for policy in policies_of(labels, "Egress") for r in policy["egress"]]
    ports = [{(port["protocol"], port["port"]) for port in rule["ports"]} for rule in rules]
    everywhere = [peer for rule in rules for peer in rule["to"] if not any(peer.values())]

    assert all(rule["to"] for rule in rules)
    assert everywhere == []
    assert sorted(ports, key=len) == [{("TCP", DATABASE_PORT)}, DNS]
