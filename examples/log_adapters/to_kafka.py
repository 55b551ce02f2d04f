"""Ship logs of requests to Kafka, each request exactly once, whatever restarts in between.

    pip install confluent-kafka
    python to_kafka.py logs --servers localhost:9092 --topic requests

A transaction holds some requests and, in the compacted topic TOPIC-shipped, the number of the last one of each writer:
so either both are there or neither. The next start reads these numbers and goes on. Two processes that ship the same
folder cannot both do so: Kafka fences off the older one, which then ends. A consumer needs
`isolation.level=read_committed`: the default of librdkafka, and so of this library, but not of Kafka's Java client. The
key of a message is the writer, which keeps its requests in order.
"""

from __future__ import annotations

import argparse
import socket
import time
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from log_tail import LogTail

AT_ONCE = 500  # requests in a transaction


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path, help="the folder of the log")
    parser.add_argument("--servers", default="localhost:9092", help="of Kafka")
    parser.add_argument("--topic", default="requests")
    parser.add_argument("--replicas", type=int, default=3, help="of the topic that remembers what was shipped")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds to wait when there is nothing new")
    parser.add_argument("--once", action="store_true", help="end when there is nothing new")
    arguments = parser.parse_args()
    logs = arguments.logs.resolve()
    positions = f"{arguments.topic}-shipped"
    make_topic(arguments.servers, positions, arguments.replicas)
    sender = {"bootstrap.servers": arguments.servers, "transactional.id": f"skc-log {socket.gethostname()} {logs}"}
    producer = Producer(sender)
    producer.init_transactions()  # before the numbers are read: it ends what a predecessor began
    tail = LogTail(logs, shipped(arguments.servers, positions))
    while True:
        requests = tail.take(AT_ONCE)
        if requests:
            producer.begin_transaction()
            for request in requests:
                headers = {"n": str(request.n), "name": request.header["name"], "plan": request.header["plan"]}
                send(producer, arguments.topic, request.writer, request.line, headers)
            for writer in {request.writer for request in requests}:
                send(producer, positions, writer, str(tail.shipped[writer]), {})
            producer.commit_transaction()
        elif arguments.once:
            return
        else:
            time.sleep(arguments.pause)


def send(producer: Producer, topic: str, key: str, value: str, headers: dict[str, str]) -> None:
    while True:
        try:
            producer.produce(topic, value.encode(), key.encode(), headers=headers)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def make_topic(servers: str, name: str, replicas: int) -> None:
    """A topic of one partition that keeps the last value of each key."""
    topic = NewTopic(name, num_partitions=1, replication_factor=replicas, config={"cleanup.policy": "compact"})
    client = AdminClient({"bootstrap.servers": servers})
    (made,) = client.create_topics([topic]).values()
    try:
        made.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def shipped(servers: str, topic: str) -> dict[str, int]:
    """By writer, the number of the last request that is in Kafka."""
    reader = {"bootstrap.servers": servers, "group.id": "skc-log", "enable.auto.commit": False}
    consumer = Consumer({**reader, "auto.offset.reset": "earliest", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    numbers: dict[str, int] = {}
    try:
        while True:
            message = consumer.poll(30)
            if message is None:
                raise SystemExit(f"{topic} cannot be read")
            if message.error() is None:
                numbers[message.key().decode()] = int(message.value())
            elif message.error().code() == KafkaError._PARTITION_EOF:
                return numbers
            else:
                raise KafkaException(message.error())
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
