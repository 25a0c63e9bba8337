# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may ask the server for what, and what it never says."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
from starlette.testclient import TestClient

from rewardkit.annotate import Study, StudyError
from rewardkit.annotate.app import PAGE
from rewardkit.annotate.run import Address, links
from rewardkit.preferences import Preference
from tests.annotate import made


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return made.study(tmp_path, raters="anna,ben")


def of(study: Study, name: str = "anna") -> TestClient:
    return made.client(study, made.rater(study, name).token)


def shown(http: TestClient) -> dict[str, Any]:
    presentation: dict[str, Any] = http.post("/api/next", json={}).json()["presentation"]
    return presentation


def vote_of(presentation: str, **others: Any) -> dict[str, Any]:
    answers = [{"dimension": "overall", "choice": "a", "strength": 2}]
    vote = {"id": made.new_id(), "presentation": presentation, "action": "answer"}
    return {**vote, "answers": answers, "heard": [1, 1], **others}


def test_a_whole_pair(study: Study) -> None:
    http = of(study)
    begun = http.post("/api/session").json()
    assert (begun["rater"], begun["consented"], begun["heard"]) == ("anna", True, 0.8)
    pair = shown(http)
    for clip in pair["clips"]:
        reply = http.get(clip["url"])
        assert reply.headers["content-type"] == "audio/wav"
        samples, rate = soundfile.read(io.BytesIO(reply.content))
        assert (len(samples), rate) == (6400, 16_000)
    vote = vote_of(pair["id"], session=begun["session"])
    assert http.post("/api/votes", json=vote).json() == {"kept": vote["id"]}
    after = http.post("/api/next", json={}).json()
    assert (after["done"], after["undoes"]) == (1, vote["id"])
    assert after["presentation"]["id"] != pair["id"]
    assert http.post("/api/undo", json={"id": made.new_id(), "undoes": vote["id"]}).is_success
    assert shown(http)["id"] == pair["id"]


@pytest.mark.parametrize("token", [None, "", "nonsense", "ü" * 5])
def test_without_a_token_there_is_nothing(study: Study, token: str | None) -> None:
    http = made.client(study)
    if token is not None:
        http.headers.update([(b"Authorization", f"Bearer {token}".encode())])
    for path in ("/api/session", "/api/consent", "/api/next", "/api/votes", "/api/undo"):
        reply = http.post(path, json={})
        assert reply.status_code in (401, 422)
        assert "session" not in reply.json()
    pair = shown(of(study))
    assert http.get(pair["clips"][0]["url"]).status_code == 401
    assert http.get("/api/organiser").status_code == 401
    assert http.get("/api/organiser/export").status_code == 401


def test_a_rater_is_no_organiser_and_an_organiser_no_rater(study: Study) -> None:
    assert of(study).get("/api/organiser").status_code == 401
    organiser = made.client(study, study.organiser_token)
    assert organiser.get("/api/organiser").json()["pairs"] == 10
    assert organiser.post("/api/session").status_code == 401
    assert made.client(study, alone=True).get("/api/organiser").status_code == 401


def test_only_the_clips_in_front_of_a_rater_are_served(study: Study) -> None:
    anna, ben = of(study), of(study, "ben")
    url = shown(anna)["clips"][0]["url"]
    assert anna.get(url).status_code == 200
    assert ben.get(url).status_code == 404
    for path in (
        "/api/clips/1/a",
        url[:-1] + "c",
        "/api/clips/..%2f..%2fetc%2fpasswd/a",
        "/static/..%2f..%2fapp.py",
        "/static/../listen.html",
        "/study.sqlite",
        "/docs",
        "/openapi.json",
    ):
        assert anna.get(path).status_code in (404, 405, 422)


def test_nothing_that_a_rater_gets_names_a_clip(study: Study, tmp_path: Path) -> None:
    http = of(study)
    replies = [http.get("/"), http.post("/api/session")]
    for _ in range(10):
        reply = http.post("/api/next", json={})
        pair = reply.json()["presentation"]
        if pair is None:
            break
        replies += [reply, *(http.get(clip["url"]) for clip in pair["clips"])]
        replies.append(http.post("/api/votes", json=vote_of(pair["id"])))
    for reply in replies:
        told = repr(reply.headers).encode() + reply.content
        for secret in (b"tone-", b"clips/tone", str(tmp_path).encode(), b"propensity", b"golden"):
            assert secret not in told
    lengths = {len(reply.content) for reply in replies if "audio" in reply.headers["content-type"]}
    assert len(lengths) == 1  # clips of one duration have one size, whatever they hold


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1", "[::"])
def test_another_host_name_is_refused(study: Study, host: str) -> None:
    reply = of(study).get("/", headers={"Host": host})
    assert (reply.status_code, reply.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8377", "localhost:1", "LOCALHOST", "[::1]:8377"])
def test_the_server_s_own_names_are_accepted(study: Study, host: str) -> None:
    assert of(study).get("/", headers={"Host": host}).status_code == 200


def test_on_all_interfaces_any_address_is_its_own_but_no_other_name(study: Study) -> None:
    http = made.client(study, addresses=True)
    assert http.get("/", headers={"Host": "192.168.1.7:8377"}).status_code == 200
    assert http.get("/", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_another_page_can_do_nothing(study: Study, headers: dict[str, str]) -> None:
    http = made.client(study, alone=True)
    assert http.post("/api/consent", headers=headers).status_code == 403
    assert http.post("/api/consent", headers={"Origin": "http://127.0.0.1:8377"}).status_code == 200


def test_headers_of_every_answer(study: Study) -> None:
    http = of(study)
    for reply in (http.get("/"), http.get("/nothing"), http.get("/", headers={"Host": "evil"})):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
    nonces = {http.get("/").headers["content-security-policy"] for _ in range(2)}
    assert len(nonces) == 2


def test_the_page_needs_nothing_from_elsewhere_and_nothing_inline() -> None:
    for page in PAGE.glob("*.html"):
        text = page.read_text()
        assert "http:" not in text
        assert "https:" not in text
        assert "<style" not in text
        assert "style=" not in text
        assert not re.search(r"\son[a-z]+\s*=", text)
        assert text.count("<script") == text.count('<script type="module" src="/static/')
    for script in (PAGE / "static").glob("*.js"):
        text = script.read_text()
        for bad in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                    "http://", "https://"):  # fmt: skip
            assert bad not in text


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=100-", 100, None), ("bytes=-20", -20, None)],
)
def test_ranges(study: Study, asked: str, first: int, last: int | None) -> None:
    http = of(study)
    url = shown(http)["clips"][0]["url"]
    whole = http.get(url).content
    part = http.get(url, headers={"Range": asked})
    assert part.status_code == 206
    assert part.content == whole[first : None if last is None else last + 1]
    start = first % len(whole)
    stated = f"bytes {start}-{start + len(part.content) - 1}/{len(whole)}"
    assert part.headers["content-range"] == stated


def test_ranges_that_are_none(study: Study) -> None:
    http = of(study)
    url = shown(http)["clips"][0]["url"]
    whole = http.get(url).content
    beyond = http.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    for ignored in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-"):
        assert http.get(url, headers={"Range": ignored}).content == whole


@pytest.mark.parametrize(
    "change",
    [
        {"id": "short"},
        {"id": "x" * 65},
        {"id": "<script>alert(1)</script>"},
        {"action": "delete"},
        {"answers": [{"dimension": "overall", "choice": "c", "strength": 1}]},
        {"answers": [{"dimension": "overall", "choice": "a", "strength": 3}]},
        {"answers": [{"dimension": "other", "choice": "a", "strength": 1}]},
        {"answers": []},
        {"heard": [2, 2]},
        {"heard": [0.1, 1]},
        {"seconds": -1},
        {"extra": 1},
    ],
)
def test_a_vote_that_is_none_is_refused(study: Study, change: dict[str, Any]) -> None:
    http = of(study)
    reply = http.post("/api/votes", json=vote_of(shown(http)["id"], **change))
    assert reply.status_code == 422
    assert study.db.read("SELECT 1 FROM vote") == []


def test_bodies_that_are_none(study: Study) -> None:
    http = of(study)
    json_type = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 9999, b'{"seconds": NaN}'):
        assert http.post("/api/votes", content=body, headers=json_type).status_code in (400, 422)
    big = http.post("/api/votes", content=b" " * 70_000, headers=json_type)
    assert (big.status_code, big.json()["code"]) == (413, "too_large")
    # A form, which a foreign page could send without asking first, is no vote.
    vote = json.dumps(vote_of(shown(http)["id"])).encode()
    plain = http.post("/api/votes", content=vote, headers={"Content-Type": "text/plain"})
    assert plain.status_code == 422


def test_a_clip_that_changed_or_went_is_said_and_flagged(study: Study) -> None:
    http = of(study)
    pair = shown(http)
    row = study.db.read("SELECT path FROM clip ORDER BY id")
    for number, clip in enumerate(row):
        path = Path(clip["path"])
        other = made.tones(path.parent / "other", 9)[8]
        path.write_bytes(Path(other).read_bytes()) if number % 2 else path.unlink()
    replies = [http.get(clip["url"]) for clip in pair["clips"]]
    for reply in replies:
        assert reply.status_code == 410
        assert reply.json()["code"] in ("changed_clip", "missing_clip")
        assert "tone-" not in reply.text
    assert len(study.db.read("SELECT 1 FROM flag WHERE kind = 'clip'")) == 2
    broken = {"id": made.new_id(), "presentation": pair["id"], "action": "broken"}
    assert http.post("/api/votes", json=broken).is_success


def test_a_full_disk_is_said_as_such(study: Study) -> None:
    http = of(study)
    pair = shown(http)
    study.db.read("PRAGMA query_only = ON")
    reply = http.post("/api/votes", json=vote_of(pair["id"]))
    assert (reply.status_code, reply.json()["code"]) == (507, "not_saved")
    study.db.read("PRAGMA query_only = OFF")
    assert http.post("/api/votes", json=vote_of(pair["id"])).is_success


def test_names_are_data(study: Study) -> None:
    name = "<img src=x onerror=alert(1)>"
    rater = study.add_rater(name)
    http = made.client(study, rater.token)
    assert http.post("/api/session").json()["rater"] == name
    assert name not in http.get("/").text
    organiser = made.client(study, study.organiser_token)
    assert organiser.get("/api/organiser").json()["raters"][2]["name"] == name


def test_alone_on_the_loopback_interface_there_is_no_token(study: Study) -> None:
    http = made.client(study, alone=True)
    assert http.post("/api/session").json()["rater"] == "local"
    assert http.post("/api/next", json={}).json()["code"] == "no_consent"
    http.post("/api/consent")
    assert shown(http) is not None


def test_links(tmp_path: Path) -> None:
    study = made.study(tmp_path, raters="local")
    assert links(study, Address())[0] == ("you", "http://127.0.0.1:8377/")
    anna = study.add_rater("anna")
    assert links(study, Address())[0] == ("anna", f"http://127.0.0.1:8377/#{anna.token}")
    there = Address("0.0.0.0", 80, "https://listen.example/")
    assert not there.is_loopback
    assert there.hosts >= {"listen.example", "127.0.0.1"}
    assert links(study, there)[1] == (
        "organiser",
        f"https://listen.example/organiser#{study.organiser_token}",
    )
    assert (tmp_path / "study.sqlite").stat().st_mode & 0o077 == 0  # it holds the tokens


@pytest.mark.parametrize(
    "url",
    ["lab.example.org:8443", "lab.example.org", "https://h/listen", "https://", "ftp://h", "",
     "https://h:x", "http://[bad", "https://h?x=1", "https://h#x", "https://me@h"],
)  # fmt: skip
def test_urls_that_lead_nowhere(url: str) -> None:
    with pytest.raises(StudyError, match="bad_address"):
        Address(url=url)


def test_a_host_in_brackets_is_none() -> None:
    with pytest.raises(StudyError, match="bad_address: host"):
        Address(host="[::1]")
    assert Address(host="::1").is_loopback


def test_a_page_of_another_study_gets_a_pair(study: Study) -> None:
    http = of(study)
    reply = http.post("/api/next", json={"session": "0123456789abcdef"})
    assert reply.status_code == 200
    assert reply.json()["presentation"] is not None
    session = http.post("/api/session").json()["session"]
    http.post("/api/votes", json=vote_of(reply.json()["presentation"]["id"], session=session))
    http.post("/api/next", json={"session": session})
    kept = study.db.read("SELECT session FROM presentation ORDER BY number")
    assert [row["session"] for row in kept] == [None, session]


def test_the_total_of_a_rater_who_may_have_enough(tmp_path: Path) -> None:
    study = made.study(tmp_path, per_rater=2)
    http = of(study)
    said = []
    for _ in range(3):
        state = http.post("/api/next", json={}).json()
        said.append((state["done"], state["total"]))
        if state["presentation"] is not None:
            http.post("/api/votes", json=vote_of(state["presentation"]["id"]))
    assert said == [(0, 2), (1, 2), (2, 2)]


def test_the_organiser_downloads_what_train_reads(study: Study) -> None:
    organiser = made.client(study, study.organiser_token)
    assert organiser.get("/api/organiser/export").json()["code"] == "no_answers"
    http = of(study)
    http.post("/api/votes", json=vote_of(shown(http)["id"]))
    row = json.loads(organiser.get("/api/organiser/export").text)
    assert row["preference"] == "a"
    assert Path(row["audio_a"]).is_file()
    assert Preference(row["audio_a"], row["audio_b"], 1.0, strength=row["strength"]).strength == 2
