"""`skc shadow --header`: what servers get, what cannot be sent, and that no value is ever shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from followed_hints import Command, follow
from shadow_services import answers, command, http_service, requests_file, rides

import skc
from skc import cli
from skc.shadow_options import ShadowOptions
from skc.skew.shadow.headers import LONGEST, Secrets, merged, read_headers

SAME = answers()
SECRET = "s3cr3t-9f8e7d6c"
TOKEN = f"Authorization: Bearer {SECRET}"
Seen = list[Mapping[str, str]]


def asked(tmp_path: Path, **options: Any) -> tuple[Seen, Seen, skc.ShadowReport]:
    """What two servers got of three requests each."""
    left: Seen = []
    right: Seen = []
    requests = requests_file(tmp_path, rides(3))
    with http_service(SAME, seen=left) as a, http_service(SAME, seen=right) as b:
        report = skc.shadow(left=a, right=b, requests=requests, **options)
    assert len(left) == len(right) == 3
    return left, right, report


def test_servers_get_the_headers_of_both_sides_and_their_own(tmp_path: Path) -> None:
    (tmp_path / "headers").write_bytes(b"\xef\xbb\xbfX-Trace:\t a b \r\n\r\n  \nX-Tenant: 7:8=9\n")
    left, right, _ = asked(
        tmp_path,
        header=["X-Both: 1", "X-Own: both", f"@{tmp_path / 'headers'}"],
        left_header=[TOKEN, "X-OWN: left"],
        right_header=("x-own: right", "content-type: application/rides+json"),
    )
    for one in left:
        assert one["Authorization"] == f"Bearer {SECRET}"
        assert (one["X-Both"], one["X-OWN"], one["Content-Type"]) == ("1", "left", "application/json")
        assert "X-Own" not in one
    for one in right:
        assert "Authorization" not in one
        assert (one["X-Both"], one["x-own"]) == ("1", "right")
        assert one["content-type"] == "application/rides+json"
        assert {"X-Own", "Content-Type"}.isdisjoint(one)
    for one in left + right:
        assert (one["X-Trace"], one["X-Tenant"], one["Accept"]) == ("a b", "7:8=9", "application/json")


def test_the_command_sends_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    requests = requests_file(tmp_path, rides(3))
    (tmp_path / "token").write_text(TOKEN)
    left: Seen = []
    right: Seen = []
    with http_service(SAME, seen=left) as a, http_service(SAME, seen=right) as b:
        options = ["--header", "X-A: 1", "--header", "X-B: 2", "--left-header", f"@{tmp_path / 'token'}"]
        code = cli.run(["shadow", "--left", a, "--right", b, "--requests", str(requests), *options])
    assert code == cli.EQUAL
    assert all((one["X-A"], one["X-B"], one["Authorization"]) == ("1", "2", f"Bearer {SECRET}") for one in left)
    assert all((one["X-A"], one["X-B"], one.get("Authorization")) == ("1", "2", None) for one in right)
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err


def test_a_command_on_one_side_gets_none(tmp_path: Path) -> None:
    seen: Seen = []
    with http_service(SAME, seen=seen) as url:
        requests = requests_file(tmp_path, rides(3))
        skc.shadow(left=command(tmp_path), right=url, requests=requests, header=TOKEN)
    assert [one["Authorization"] for one in seen] == [f"Bearer {SECRET}"] * 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECRET, "--header is not a header: it has no colon"),
        (f"Bearer {SECRET}: x", "--header is not a header: the name before the colon is not one of a header"),
        (f": {SECRET}", "the name before the colon"),
        (f"X-Größe: {SECRET}", "the name before the colon"),
        (f"X\r\nY: {SECRET}", "the name before the colon"),
        (f"X: {SECRET}\r\nY: 1", "--header: the value of the header `X` has a line break or a control character"),
        (f"X: {SECRET}\n", "a line break"),
        (f"X: \r{SECRET}", "a line break"),
        (f"X: {SECRET}\0", "a control character"),
        (f"X: {SECRET}\x7f", "a control character"),
        (f"X: {SECRET}é", "a character that is not of ASCII"),
        ("X:", "--header: the header `X` has no value"),
        ("X: \t", "has no value"),
        ("content-Length: 3", "`content-Length` belongs to the connection, and skc writes it"),
        (b"X: 1", "--header is not a text"),
    ],
)
def test_what_is_not_a_header_is_refused(tmp_path: Path, text: Any, said: str) -> None:
    seen: Seen = []
    requests = requests_file(tmp_path, rides(1))
    with http_service(SAME, seen=seen) as url, pytest.raises(skc.SkcError) as error:
        skc.shadow(left=url, right=url, requests=requests, header=[text])
    assert error.value.code == "SKC688"
    assert said in str(error.value)
    assert error.value.diagnostics[0].hint
    assert SECRET not in str(error.value)
    assert not seen


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (f"X: 1\n\n{SECRET}\n".encode(), "headers:3 is not a header: it has no colon"),
        (f"X: {SECRET}\rY: 1\n".encode(), "headers:1: the value of the header `X` has a line break"),
        (f"X: 1\nx: {SECRET}\n".encode(), "headers:2 has the header `x` again"),
        (f"X: {SECRET}".encode("utf-16"), "headers:1 is not a header"),
        (f"X: {SECRET}\xff".encode("latin-1"), "not of ASCII"),
        (b"\n \n", "headers` has no header"),
        (b"X: 1\n" * (LONGEST // 5 + 1), f"headers` has more than {LONGEST:,} bytes"),
    ],
)
def test_a_file_that_has_something_else(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "headers").write_bytes(data)
    with pytest.raises(skc.SkcError) as error:
        read_headers(["A: 1", f"@{tmp_path / 'headers'}"], "--header")
    assert error.value.code == "SKC688"
    assert said in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("name", ["nowhere", "", "a\0b"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(skc.SkcError, match="--left-header number 2: ") as error:
        read_headers([TOKEN, f"@{tmp_path}/{name}"], "--left-header")
    assert error.value.code == "SKC688"


def test_headers_are_for_urls() -> None:
    for options in (
        {"header": (TOKEN,), "left": "cat", "right": "cat"},
        {"left_header": (TOKEN,), "left": "cat", "right": "http://127.0.0.1:1/"},
        {"right_header": (TOKEN,), "left": "http://127.0.0.1:1/", "right": "cat"},
        {"header": (TOKEN,)},
    ):
        with pytest.raises(skc.SkcError, match="header is for a URL") as error:
            ShadowOptions(requests="r.jsonl" if "left" in options else None, **options)  # type: ignore[arg-type]
        assert error.value.code == "SKC140"
        assert SECRET not in str(error.value)


def test_a_value_is_not_shown_even_if_a_server_repeats_it(tmp_path: Path) -> None:
    """Some do, in a page about an error or in an answer."""
    requests = requests_file(tmp_path, rides(40))
    with http_service(lambda _: f"<h1>who is {SECRET}?".encode()) as a, pytest.raises(skc.SkcError) as error:
        skc.shadow(left=a, right=a, requests=requests, header=TOKEN)
    assert error.value.code == "SKC682"
    assert "who is ***?" in str(error.value)
    assert SECRET not in str(error.value)
    echo = {"score": 1.0, "by": f"Bearer {SECRET}"}
    with http_service(lambda _: echo) as a, http_service(lambda _: {**echo, "by": "nobody"}) as b:
        report = skc.shadow(left=a, right=b, requests=requests, header=TOKEN, compare="all")
    assert [(one.name, one.differing) for one in report.fields] == [("by", 40)]
    assert {(s.a, s.b) for s in report.fields[0].samples} == {("***", "nobody")}
    for output_format in ("text", "json", "junit", "github", "html"):
        text = skc.render(report, output_format)  # type: ignore[arg-type]  # each is one
        assert SECRET not in text
        assert "nobody" in text or output_format in ("junit", "github")
    options = ShadowOptions(left="http://a/", right="http://b/", requests="r.jsonl", header=(TOKEN,))
    assert SECRET not in repr(options)


def test_hiding_leaves_everything_else() -> None:
    secrets = Secrets.of({"A": "Bearer 12345678"}, {"B": "1"})
    assert secrets.values == ("Bearer 12345678", "12345678")
    assert secrets.hide("1 Bearer 1234567") == "1 Bearer 1234567"
    assert secrets.hide((1, None, "x12345678x", ("12345678",))) == (1, None, "x***x", ("***",))
    assert SECRET not in repr(Secrets.of({"A": SECRET}))
    assert merged({"A": "1", "B": "2"}, {"a": "3"}) == {"a": "3", "B": "2"}


CONTROL = "encode it as the service reads it, or write two headers as two"
HINTS: list[tuple[str, Command, Command]] = [
    ("write --header 'Name: value', or --header @FILE with one on each line", ("X 1",), ("X: 1",)),
    ("write --header 'Name: value', or --header @FILE with one on each line", ("@empty",), ("@headers",)),
    ("give it once, for each side", ("X: 1", "x: 2"), ("X: 1",)),
    ("give a file with one header on each line, as --header @FILE", ("@nowhere",), ("@headers",)),
    ("give a file with one header on each line, as --header @FILE", ("@long",), ("@headers",)),
    ("leave the header out", ("TE: trailers",), ()),
    ("give it one, or leave it out", ("X:",), ("X: 1",)),
    (CONTROL, ("X: 1\r\nY: 2",), ("X: 1", "Y: 2")),
    (CONTROL, ("X: Größe",), ("X: Gr%C3%B6%C3%9Fe",)),
]


@pytest.mark.parametrize(("hint", "wrong", "right"), HINTS)
def test_a_command_that_follows_the_hint(
    hint: str,
    wrong: Command,
    right: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    requests_file(tmp_path, rides(2))
    (tmp_path / "headers").write_text("X: 1\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_text("X: 1\n" * LONGEST)
    with http_service(SAME) as url:
        shadow = ("shadow", "--left", url, "--right", url, "--requests", "requests.jsonl")
        commands = [(*shadow, *(part for text in texts for part in ("--header", text))) for texts in (wrong, right)]
        follow({hint: (commands[0], commands[1])}, hint, tmp_path, monkeypatch, capsys)


def test_a_url_as_the_hint_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests_file(tmp_path, rides(2))
    hint = "give a URL that begins with http:// or https://, or leave it out"
    with http_service(SAME) as url:
        wrong, right = (
            ("shadow", "--left", "cat", "--right", side, "--requests", "requests.jsonl") for side in ("cat", url)
        )
        follow({hint: ((*wrong, "--header", TOKEN), (*right, "--header", TOKEN))}, hint, tmp_path, monkeypatch, capsys)
