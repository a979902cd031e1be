"""AccessPolicies as people write them."""

from eeveon.core.access import Right
from eeveon.specs.codec import decode_desired, encode_desired
from tests.specs.building import desired, resolved

TEAM = """\
kind: AccessPolicy
metadata: {name: team}
spec:
  roles:
    viewer: {verbs: [read]}
    deployer: {verbs: [plan, apply], environments: [production]}
  bindings: [{role: viewer, user: bob}, {role: deployer, user: alice}]
"""


def test_roles_and_bindings() -> None:
    known = desired({"base/a.yaml": TEAM})
    (policy,) = known.access
    assert (policy.name, set(policy.roles)) == ("team", {"viewer", "deployer"})
    assert policy.roles["viewer"].rights == {Right.READ}
    assert policy.roles["deployer"].environments == {"production"}
    assert policy.bindings == {("viewer", "bob"), ("deployer", "alice")}
    assert decode_desired(encode_desired(known)) == (known, ())


def test_roles_and_environments_that_are_nowhere_are_named() -> None:
    text = TEAM.replace("role: viewer, user", "role: viewr, user").replace("[production]", "[prodution]")
    outcome = resolved({"base/a.yaml": text})
    told = [str(item.message) for item in outcome.diagnostics]
    assert told == ["there is no role `viewr` in this document"]
    outcome = resolved({"base/a.yaml": TEAM.replace("[production]", "[prodution]")})
    (problem,) = outcome.diagnostics
    assert problem.message == "there is no environment `prodution` in the Project"
    assert problem.hint == "did you mean `production`?"


def test_how_many_must_agree() -> None:
    text = "kind: SafetyPolicy\nmetadata: {name: p}\nspec: {approvals: {medium: 1, high: 2, stepUp: high}}\n"
    known = resolved({"base/p.yaml": text})
    assert known.desired is not None
    (policy,) = known.desired.policies
    assert policy.approvals == {"medium": 1, "high": 2}
    assert decode_desired(encode_desired(known.desired)) == (known.desired, ())
    assert [item.path for item in known.diagnostics] == [("spec", "approvals", "stepUp")]
