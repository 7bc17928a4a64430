"""aiokafka: scenarios.py BOOTSTRAP OPTIONS prints one JSON object, a result or a failure by scenario."""

import asyncio
import json
import logging
import ssl
import sys
import time
import traceback
import uuid

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError, for_code

BOOTSTRAP = sys.argv[1]
OPTIONS = json.loads(sys.argv[2])
TIMEOUT = 30


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


async def until(what, condition):
    deadline = time.time() + TIMEOUT
    while not (found := await condition()):
        if time.time() > deadline:
            raise TimeoutError(f"waited {TIMEOUT} s for {what}")
    return found


async def outcome(work):
    """'fine', or the name of the error."""
    try:
        await work
        return "fine"
    except KafkaError as failure:
        return type(failure).__name__


def errors_of(response):
    """The names of the errors that an answer of the admin client holds, by topic."""
    rows = getattr(response, "topic_errors", None) or getattr(response, "topic_error_codes", None)
    return [for_code(row[1]).__name__ for row in rows]


async def topic(partitions=1, **config):
    name = unique("topic")
    settings = {key.replace("_", "."): value for key, value in config.items()}
    await ADMIN.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])

    async def has_leaders():
        found = (await ADMIN.describe_topics([name]))[0]["partitions"]
        return len(found) == partitions and all(one["leader"] >= 0 for one in found)

    await until("leaders", has_leaders)
    return name


async def send(name, values, partition=0, **more):
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **more) as producer:
        for value in values:
            await producer.send(name, value.encode(), key=b"k", partition=partition)


async def read(name, isolation="read_uncommitted"):
    """Partition 0 up to its end, as the isolation level sees it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, isolation_level=isolation, fetch_max_wait_ms=50, auto_offset_reset="earliest")
    async with consumer:
        partition = TopicPartition(name, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        found = []

        async def at_end():
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found.extend(records)
            end = (await consumer.end_offsets([partition]))[partition]
            stable = consumer.last_stable_offset(partition) if isolation == "read_committed" else end
            return await consumer.position(partition) >= min(end, stable if stable is not None else end)

        await until("the end", at_end)
        return found


async def values(name, isolation="read_uncommitted"):
    return [record.value.decode() for record in await read(name, isolation)]


async def codecs():
    lengths = {}
    for codec in [None, "gzip", "snappy", "lz4", "zstd"]:
        for acks in [0, 1, "all"]:
            name = await topic()
            # A broker answers once it leads the partition; what comes before is dropped, and acks=0 never hears of it.
            await read(name)
            async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=codec, acks=acks, linger_ms=5) as producer:
                for at in range(200):
                    await producer.send(name, b"v" * at, key=b"k", partition=0, headers=[("n", str(at).encode())])

            async def whole():
                found = await read(name)
                return len(found) == 200 and sum(len(record.value) + len(record.headers) for record in found)

            lengths[f"{codec} acks={acks}"] = await until("records", whole)
    return lengths


async def batches():
    # The records are of 1970: a look for what is too old to be kept would take them away.
    name = await topic(retention_ms="-1")
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP) as producer:
        batch = producer.create_batch()
        for at in range(10):
            batch.append(key=b"k", value=str(at).encode(), timestamp=1000 + at)
        sent = await (await producer.send_batch(batch, name, partition=0))
        last = await producer.send_and_wait(name, None, key=b"k", partition=0, timestamp_ms=5000)
        too_large = await outcome(producer.send_and_wait(name, b"x" * 2_000_000, partition=0))
    found = await read(name)
    return [sent.offset, last.offset, last.timestamp, too_large, [[one.offset, one.timestamp, one.value is None] for one in found]]


async def idempotence():
    name = await topic()
    expected = [str(at) for at in range(1000)]
    await send(name, expected, enable_idempotence=True)
    return await values(name) == expected


async def transactions():
    name = await topic()
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=unique("tx")) as producer:
        for ends, value in [("commit", b"c1"), ("abort", b"a1"), ("commit", b"c2")]:
            await producer.begin_transaction()
            await producer.send_and_wait(name, value, partition=0)
            await (producer.commit_transaction() if ends == "commit" else producer.abort_transaction())
        await producer.begin_transaction()
        await producer.send_and_wait(name, b"open", partition=0)
        seen = [await values(name, "read_committed"), await values(name)]
        await producer.abort_transaction()
    return seen


async def fencing():
    name = await topic()
    id = unique("tx")
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=id) as zombie:
        await zombie.begin_transaction()
        await zombie.send_and_wait(name, b"zombie", partition=0)
        async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=id) as fresh:
            await fresh.begin_transaction()
            await fresh.send_and_wait(name, b"fresh", partition=0)
            late = await outcome(zombie.commit_transaction())
            await fresh.commit_transaction()
        return [late, await values(name, "read_committed")]


async def transactional_offsets():
    partition = TopicPartition(await topic(), 0)
    group = unique("g")
    results = []
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=unique("tx")) as producer:
        async with AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, enable_auto_commit=False) as consumer:
            consumer.assign([partition])
            for ends, offset in [("commit", 1), ("abort", 2), ("commit", 3)]:
                await producer.begin_transaction()
                await producer.send_offsets_to_transaction({partition: offset}, group)
                await (producer.commit_transaction() if ends == "commit" else producer.abort_transaction())

                async def ended():
                    found = await consumer.committed(partition)
                    return (ends == "abort" or found == offset) and [found]

                results += await until("the offset", ended)
    return results


async def groups():
    """By every assignor: two members share, one takes over, offsets go on."""
    results = {}
    for assignor in [RangePartitionAssignor, RoundRobinPartitionAssignor, StickyPartitionAssignor]:
        name = await topic(4)
        group = unique("g")
        seen = []

        def member():
            return AIOKafkaConsumer(
                name,
                bootstrap_servers=BOOTSTRAP,
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                heartbeat_interval_ms=200,
                metadata_max_age_ms=1000,
                partition_assignment_strategy=[assignor],
            )

        async def poll(*members):
            for one in members:
                for records in (await one.getmany(timeout_ms=50)).values():
                    seen.extend((record.partition, record.value) for record in records)
            return [len(one.assignment()) for one in members]

        async def polled(expected, count, *members):
            async def condition():
                return await poll(*members) == expected and len(set(seen)) == count

            await until(f"{expected} and {count} records", condition)

        one, two = member(), member()
        await one.start()
        for partition in range(4):
            await send(name, [f"{at}" for at in range(10)], partition)
        await polled([4], 40, one)
        await one.commit()
        joining = asyncio.create_task(two.start())
        await polled([2], 40, one)
        await joining
        await polled([2, 2], 40, one, two)
        await one.stop()
        for partition in range(4):
            await send(name, [f"{at}" for at in range(10, 20)], partition)
        await polled([4], 80, two)
        described = (await ADMIN.describe_consumer_groups([group]))[0].groups[0]
        await two.stop()
        results[assignor.name] = [len(set(seen)), described[2:5], len(described[5])]
    return results


async def static_member():
    name = await topic()
    group = unique("g")
    ids = []
    for _ in range(2):
        consumer = AIOKafkaConsumer(name, bootstrap_servers=BOOTSTRAP, group_id=group, group_instance_id="stays")
        await consumer.start()

        async def assigned():
            await consumer.getmany(timeout_ms=50)
            return len(consumer.assignment()) == 1

        await until("its partition", assigned)
        ids.append(consumer._coordinator.generation)
        await consumer.stop()
    return ids


async def pattern():
    prefix = unique("p")
    await ADMIN.create_topics([NewTopic(f"{prefix}-{at}", 1, 1) for at in range(2)])
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=unique("g"), metadata_max_age_ms=200, auto_offset_reset="earliest")
    async with consumer:
        consumer.subscribe(pattern=f"^{prefix}-.*")

        def reads(count):
            async def condition():
                await consumer.getmany(timeout_ms=50)
                return len(consumer.assignment()) == count

            return condition

        await until("two topics", reads(2))
        await ADMIN.create_topics([NewTopic(f"{prefix}-2", 1, 1)])
        await until("a new topic", reads(3))
        return sorted(one.topic.removeprefix(prefix) for one in consumer.assignment())


async def offsets():
    name = await topic(2)
    group = unique("g")
    first, second = TopicPartition(name, 0), TopicPartition(name, 1)
    async with AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, enable_auto_commit=False) as consumer:
        consumer.assign([first, second])
        results = [await consumer.committed(first)]
        await consumer.commit({first: (7, "seven")})
        results += [await consumer.committed(first), await consumer.committed(second)]
        await send(name, ["a", "b"])
        results.append([by_partition(await ask([first, second])) for ask in (consumer.beginning_offsets, consumer.end_offsets)])
        results.append([found and found.offset for found in by_partition(await consumer.offsets_for_times({first: 0, second: 0}))])
        results.append((await consumer.offsets_for_times({first: 4102444800000}))[first])
    listed = await ADMIN.list_consumer_group_offsets(group)
    results.append(sorted([key.partition, value.offset, value.metadata] for key, value in listed.items()))
    results.append(group in [one[0] for one in await ADMIN.list_consumer_groups()])
    return results


def by_partition(found):
    return [found[partition] for partition in sorted(found)]


async def administration():
    name = unique("t")
    results = {"validated": errors_of(await ADMIN.create_topics([NewTopic(name, 2, 1)], validate_only=True))}
    results["created"] = errors_of(await ADMIN.create_topics([NewTopic(name, 2, 1, topic_configs={"retention.ms": "1000"})]))
    results["again"] = errors_of(await ADMIN.create_topics([NewTopic(name, 2, 1)]))
    results["three replicas"] = errors_of(await ADMIN.create_topics([NewTopic(unique("r"), 1, 3)]))
    results["bad config"] = errors_of(await ADMIN.create_topics([NewTopic(unique("b"), 1, 1, topic_configs={"retention.ms": "x"})]))
    results["more"] = errors_of(await ADMIN.create_partitions({name: NewPartitions(3)}))
    results["fewer"] = await outcome(ADMIN.create_partitions({name: NewPartitions(1)}))

    async def three():
        return len((await ADMIN.describe_topics([name]))[0]["partitions"]) == 3

    results["three partitions"] = await until("three partitions", three)
    results["listed"] = name in await ADMIN.list_topics()
    results["alter"] = await config_of(name, alter={"retention.ms": "2000", "cleanup.policy": "compact,delete"})
    await send(name, ["a", "b", "c"])
    deleted = await ADMIN.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=2)})
    results["records"] = [list(deleted.values()), await values(name)]
    results["deleted"] = errors_of(await ADMIN.delete_topics([name]))
    results["deleted again"] = errors_of(await ADMIN.delete_topics([name]))
    cluster = await ADMIN.describe_cluster()
    results["cluster"] = [len(cluster["brokers"]), cluster["controller_id"] == cluster["brokers"][0]["node_id"]]
    return results


async def config_of(name, alter):
    changed = await ADMIN.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=alter)])
    errors = [resource[0] for resource in changed[0].resources]

    async def altered():
        described = await ADMIN.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        entries = {entry[0]: entry[1:3] for entry in described[0].resources[0][4]}
        return entries["retention.ms"][0] == "2000" and [entries["retention.ms"], entries["cleanup.policy"]]

    return [errors, await until("the change", altered)]


async def logins():
    trusting = ssl.create_default_context(cadata=OPTIONS["certificate"])
    trusting.check_hostname = False
    results = {}
    for protocol in ["SASL_PLAINTEXT", "SASL_SSL", "SSL"]:
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] if protocol != "SSL" else ["none"]:
            for password in ["secret", "wrong"] if protocol != "SSL" else [""]:
                login = {"sasl_mechanism": mechanism, "sasl_plain_username": "ann", "sasl_plain_password": password}
                producer = AIOKafkaProducer(
                    bootstrap_servers=OPTIONS["listeners"][protocol],
                    security_protocol=protocol,
                    ssl_context=trusting if protocol != "SASL_PLAINTEXT" else None,
                    **(login if protocol != "SSL" else {}),
                )
                results[f"{protocol} {mechanism} {password}"] = await outcome(producer.start())
                await producer.stop()
    return results


SCENARIOS = {
    "every compression with every acks": codecs,
    "batches, tombstones, times, too large a record": batches,
    "an idempotent producer": idempotence,
    "committed, aborted and open transactions": transactions,
    "a fenced zombie": fencing,
    "offsets within transactions": transactional_offsets,
    "groups by every assignor": groups,
    "a static member that comes back": static_member,
    "topics by a pattern": pattern,
    "committed offsets": offsets,
    "topics and settings": administration,
    "logins and TLS": logins,
}


async def main():
    global ADMIN
    ADMIN = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await ADMIN.start()
    results = {}
    for name, scenario in SCENARIOS.items():
        started = time.time()
        try:
            results[name] = {"result": await asyncio.wait_for(scenario(), 2 * TIMEOUT)}
        except Exception:
            results[name] = {"failure": traceback.format_exc()}
        print(f"{name}: {time.time() - started:.1f} s", file=sys.stderr)
    await ADMIN.close()
    print(json.dumps(results))


logging.disable(logging.CRITICAL)
asyncio.run(main())
