"""Only who knows a secret of the repository is believed, whatever headers are shown."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from eeveon.core.controller import Provider
from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.signature import TOLERANCE, Unproven, is_signed, wrong_secret
from tests.server.hooks.samples import NOW, SECRET, hex_of, raw, signature, standard

BODY = b'{"ref": "refs/heads/main"}'
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
STANDARD = (Provider.GITLAB, Provider.GENERIC)


def believed(provider: Provider, headers: dict[str, str], body: bytes = BODY, *secrets: str) -> bool:
    request = Unproven(headers=raw(headers), body=body, received=NOW)
    return is_signed(request, provider, [one.encode() for one in secrets or (SECRET,)])


def test_the_vector_that_github_documents_is_accepted() -> None:
    made = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert believed(Provider.GITHUB, {"x-hub-signature-256": made}, b"Hello, World!")


def test_the_example_of_the_standard_webhooks_specification_is_accepted() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    moment = NOW.fromtimestamp(1614265330, NOW.tzinfo)
    request = Unproven(headers=raw(headers), body=b'{"test": 2432232314}', received=moment)
    assert is_signed(request, Provider.GENERIC, [b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


@pytest.mark.parametrize("provider", Provider)
def test_each_provider_is_believed_by_its_own_signature(provider: Provider) -> None:
    assert believed(provider, signature(provider, BODY))


@pytest.mark.parametrize("provider", Provider)
def test_without_a_signature_nobody_is_believed(provider: Provider) -> None:
    assert not believed(provider, {})


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("other", Provider)
def test_another_providers_header_never_opens_a_repository(provider: Provider, other: Provider) -> None:
    assert believed(provider, signature(other, BODY)) == (provider is other)


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.GITEA, Provider.GENERIC])
@given(body=st.binary(max_size=60))
def test_a_signature_of_other_bytes_is_refused(provider: Provider, body: bytes) -> None:
    assert believed(provider, signature(provider, body)) == (body == BODY)


@pytest.mark.parametrize("provider", Provider)
@given(secret=st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1))
def test_another_secret_is_refused(provider: Provider, secret: str) -> None:
    assert believed(provider, signature(provider, BODY, secret)) == (secret == SECRET)


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("used", ["old", "new"])
def test_either_of_two_secrets_is_believed_while_one_is_replaced(provider: Provider, used: str) -> None:
    assert believed(provider, signature(provider, BODY, used), BODY, "old", "new")
    assert not believed(provider, signature(provider, BODY, "older"), BODY, "old", "new")


@pytest.mark.parametrize(
    "written",
    [
        "sha1=" + hex_of(BODY)[:40],
        "sha1=" + hex_of(BODY),
        hex_of(BODY),
        "sha256=" + hex_of(BODY).upper(),
        "sha256=" + hex_of(BODY)[:63],
        "sha256=" + hex_of(BODY) + " ",
        "sha256=sha256=" + hex_of(BODY),
        "sha256=",
        "sha256=ÿ",
    ],
)
def test_nothing_but_the_whole_signature_by_sha256_is_believed(written: str) -> None:
    assert not believed(Provider.GITHUB, {"x-hub-signature-256": written})


def test_a_signature_by_sha1_alone_is_refused() -> None:
    assert not believed(Provider.GITHUB, {"x-hub-signature": "sha1=" + hex_of(BODY)[:40]})


def test_a_signature_that_is_there_twice_is_refused() -> None:
    pair = (b"x-hub-signature-256", f"sha256={hex_of(BODY)}".encode())
    request = Unproven(headers=Headers([pair, pair]), body=BODY, received=NOW)
    assert not is_signed(request, Provider.GITHUB, [SECRET.encode()])


def test_a_good_signature_of_gitea_does_not_make_up_for_a_bad_one_of_forgejo() -> None:
    good = {"x-forgejo-signature": hex_of(BODY), "x-gitea-signature": hex_of(BODY)}
    assert believed(Provider.GITEA, good)
    for name in good:
        assert not believed(Provider.GITEA, good | {name: "0" * 64})


@pytest.mark.parametrize("provider", STANDARD)
def test_a_signing_token_covers_the_id_the_time_and_the_body(provider: Provider) -> None:
    headers = standard(BODY, KEY)
    assert believed(provider, headers, BODY, KEY)
    assert believed(
        provider, headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}, BODY, KEY
    )
    assert not believed(provider, headers, b"{}", KEY)
    assert not believed(provider, headers | {"webhook-id": "msg-2"}, BODY, KEY)
    assert not believed(provider, headers | {"webhook-timestamp": "1"}, BODY, KEY)
    assert not believed(provider, headers | {"webhook-timestamp": ""}, BODY, KEY)
    assert not believed(
        provider, headers | {"webhook-signature": headers["webhook-signature"][3:]}, BODY, KEY
    )
    assert not believed(provider, standard(BODY, KEY, identity=""), BODY, KEY)


@pytest.mark.parametrize("provider", STANDARD)
@pytest.mark.parametrize(("off", "expected"), [(TOLERANCE, True), (TOLERANCE + timedelta(seconds=1), False)])
def test_a_signing_token_is_good_for_a_few_minutes(
    provider: Provider, off: timedelta, expected: bool
) -> None:
    for moment in (NOW - off, NOW + off):
        assert believed(provider, standard(BODY, KEY, moment), BODY, KEY) == expected


def test_a_plain_token_opens_nothing_where_gitlab_signs() -> None:
    assert not believed(Provider.GITLAB, {"x-gitlab-token": KEY}, BODY, KEY)


def test_a_secret_of_github_may_begin_like_a_signing_token() -> None:
    assert believed(Provider.GITHUB, signature(Provider.GITHUB, BODY, KEY), BODY, KEY)


def test_a_secret_that_signs_nothing_is_refused_with_words() -> None:
    assert wrong_secret(Provider.GITHUB, "") == "it is empty"
    assert wrong_secret(Provider.GITLAB, "whsec_*") == "what follows `whsec_` is not Base64"
    assert wrong_secret(Provider.GITLAB, KEY) == wrong_secret(Provider.GITHUB, "whsec_*") == ""
