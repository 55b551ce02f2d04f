"""examples/log_adapters/to_kafka.py: every request is in Kafka once, however often it is killed meanwhile."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import kafka_on_loopback
from shipped_logs import logged, services_that_log
from toolchains import need

ADAPTER = Path(__file__).parents[2] / "examples" / "log_adapters" / "to_kafka.py"
REQUESTS = 4000


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    need("kafka")
    with kafka_on_loopback() as address:
        yield address


def received(servers: str, topic: str) -> dict[str, list[int]]:
    """By writer, the numbers of all committed messages, in their order."""
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    settings = {"bootstrap.servers": servers, "group.id": "test", "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "enable.partition.eof": True})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    numbers: dict[str, list[int]] = defaultdict(list)
    ended = 0
    while ended < len(partitions):
        message = consumer.poll(20)
        assert message is not None
        if message.error() is not None:
            assert message.error().code() == KafkaError._PARTITION_EOF
            ended += 1
        else:
            number = int(dict(message.headers())["n"])
            assert f'"n":{number},' in message.value().decode()
            numbers[message.key().decode()].append(number)
    consumer.close()
    return numbers


def ship(logs: Path, servers: str, topic: str, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ADAPTER), str(logs), "--servers", servers, "--topic", topic, "--replicas", "1"]
    return subprocess.Popen([*command, *more])


def test_each_request_arrives_once(servers: str, tmp_path: Path) -> None:
    services = services_that_log(tmp_path, 2, REQUESTS)
    source, kills = random.Random(1), 0
    while any(service.poll() is None for service in services):
        adapter = ship(tmp_path / "log", servers, "requests", "--pause", "0.01")
        time.sleep(source.uniform(0.5, 2.0))
        adapter.send_signal(signal.SIGKILL)
        adapter.wait()
        kills += 1
    assert [service.wait() for service in services] == [0, 0]
    assert ship(tmp_path / "log", servers, "requests", "--once").wait() == 0
    assert kills > 3
    wanted = logged(tmp_path / "log")
    assert [len(numbers) for numbers in wanted.values()] == [REQUESTS] * 2
    assert received(servers, "requests") == wanted
    assert ship(tmp_path / "log", servers, "requests", "--once").wait() == 0
    assert received(servers, "requests") == wanted
