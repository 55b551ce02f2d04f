"""Keys of one system and how another writes them, with the template that says so: at least one case of every form."""

from __future__ import annotations

from collections.abc import Callable

UUIDS = [f"{k:08x}-0000-4000-8000-{k * 7919:012x}" for k in range(300)]
USERS = [f"u{k}" for k in range(300)]
NUMBERS = [f"{k}" for k in range(300)]
MIXED = [f"Key{k}X" for k in range(300)]
NAMES = [f"{first}{second}Von{third}" for first in "ABCDEFGHIJ" for second in "klmnop" for third in "qRsTu"]
STREETS = [f"{name}straße" for name in NAMES]
FLOAT, DIGITS = "user:{user_id:float}", "{user_id:digits}"
# by name: the offline keys, how the store writes them, and the template that says so
WRITTEN: dict[str, tuple[list[str], Callable[[str], str], str]] = {
    "prefix": (USERS, "user:{}".format, "user:{user_id}"),
    "prefix without a separator": (NUMBERS, "u{}".format, "u{user_id}"),
    "suffix": (USERS, "{}:features".format, "{user_id}:features"),
    "prefix and suffix": (NUMBERS, "prod/user/{}/v2".format, "prod/user/{user_id}/v2"),
    "upper case": (MIXED, str.upper, "{user_id:upper}"),
    "lower case": (MIXED, str.lower, "{user_id:lower}"),
    "zero padding": (NUMBERS, "{:0>8}".format, "{user_id:0>8}"),
    "zeros that were lost": ([f"{k:06}" for k in range(300)], lambda key: str(int(key)), "{user_id:trim0}"),
    "no dashes": (UUIDS, lambda key: key.replace("-", ""), "{user_id:hex}"),
    "dashes": ([key.replace("-", "") for key in UUIDS], lambda key: UUIDS[int(key[:8], 16)], "{user_id:uuid}"),
    "a time behind it": (USERS, lambda key: f"{key}|2025-06-{int(key[1:]) % 28 + 1:02}T10:00:00", "{user_id}|*"),
    "the same time behind all": (USERS, "{}|2025-06-01".format, "{user_id}|*"),
    "a time in front": (USERS, lambda key: f"17{int(key[1:]):08}:{key}", "*:{user_id}"),
    "upper case behind a prefix": (UUIDS, lambda key: f"user:{key.upper()}", "user:{user_id:upper}"),
    "spaces around": ([f"  {key} " for key in USERS], str.strip, "{user_id:strip}"),
    "floats for integers": ([f"{k}.0" for k in range(300)], lambda key: key[:-2], "{user_id:int}"),
    "integers for floats": (NUMBERS[:150] + USERS[150:], lambda key: f"user:{key}{'.0' * key.isdigit()}", FLOAT),
    "a prefix of the table": ([f"user:{key}" for key in USERS], lambda key: key[5:], "{user_id:after :}"),
    "a suffix of the table": ([f"{key}|v{key}" for key in USERS], lambda key: key.split("|")[0], "{user_id:before |}"),
    "the number in it": ([f"{'abc'[k % 3]}{k:05}z" for k in range(300)], lambda key: f"{int(key[1:-1])}", DIGITS),
    "case folded": (STREETS, str.casefold, "{user_id:fold}"),
    "another case": (NAMES, str.swapcase, "{user_id:~lower}"),
    "another case of what is folded": (STREETS, str.upper, "{user_id:~fold}"),
    "no dashes, in upper case": (UUIDS, lambda key: key.replace("-", "").upper(), "{user_id:~hex}"),
    "parts of both": ([f"a{k % 7}/{k}" for k in range(300)], lambda key: f"{key[1]}b/{key[3:]}", "*/{user_id:after /}"),
}
