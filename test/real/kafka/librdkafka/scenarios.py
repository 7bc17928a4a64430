"""librdkafka through confluent-kafka: scenarios.py BOOTSTRAP OPTIONS prints one JSON object, a result or a failure by scenario."""

import json
import sys
import time
import traceback
import uuid

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

BOOTSTRAP = sys.argv[1]
OPTIONS = json.loads(sys.argv[2])
TIMEOUT = 30


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


def settings(**more):
    return {"bootstrap.servers": BOOTSTRAP, **{name.replace("_", "."): value for name, value in more.items()}}


ADMIN = AdminClient(settings())


def admin():
    return ADMIN


def until(what, condition):
    deadline = time.time() + TIMEOUT
    while True:
        found = condition()
        if found:
            return found
        if time.time() > deadline:
            raise TimeoutError(f"waited {TIMEOUT} s for {what}")
        time.sleep(0.02)


def topic(partitions=1, **config):
    name = unique("topic")
    new = NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in config.items()})
    admin().create_topics([new])[name].result(TIMEOUT)
    until("leaders", lambda: has_leaders(name, partitions))
    return name


def has_leaders(name, partitions):
    found = admin().list_topics(name, timeout=TIMEOUT).topics[name].partitions
    return len(found) == partitions and all(one.leader >= 0 for one in found.values())


def outcome(work):
    """'fine', or the name of the error."""
    try:
        work()
        return "fine"
    except KafkaException as failure:
        return failure.args[0].name()


def send(producer, name, values, partition=0):
    errors = []
    for value in values:
        producer.produce(name, value, key=value, partition=partition, on_delivery=lambda error, _: error and errors.append(error.name()))
    producer.flush(TIMEOUT)
    return errors


def values(name, partition=0, isolation="read_uncommitted"):
    """All of the partition up to its end, as the isolation level sees it."""
    consumer = Consumer(settings(group_id=unique("reader"), isolation_level=isolation, enable_partition_eof=True, enable_auto_commit=False, fetch_wait_max_ms=50))
    consumer.assign([TopicPartition(name, partition, 0)])
    found = []
    deadline = time.time() + TIMEOUT
    while time.time() < deadline:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                break
            raise KafkaException(message.error())
        found.append(message.value().decode() if message.value() is not None else None)
    consumer.close()
    return found


def codecs():
    counts = {}
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        for acks in ["0", "1", "all"]:
            name = topic()
            producer = Producer(settings(compression_type=codec, acks=acks, linger_ms=5))
            for at in range(200):
                producer.produce(name, "v" * at, key=f"k{at}", partition=0, headers={"n": str(at)})
            producer.flush(TIMEOUT)
            counts[f"{codec} acks={acks}"] = until("records", lambda: len(values(name)) == 200 and sum(map(len, values(name))))
    return counts


def idempotence():
    name = topic()
    producer = Producer(settings(enable_idempotence=True, linger_ms=0))
    errors = send(producer, name, [str(at) for at in range(1000)])
    return [errors, values(name) == [str(at) for at in range(1000)]]


def transactional(id, **more):
    producer = Producer(settings(transactional_id=id, **more))
    producer.init_transactions(TIMEOUT)
    return producer


def transactions():
    name = topic()
    producer = transactional(unique("tx"))
    for outcome_, value in [("commit", "c1"), ("abort", "a1"), ("commit", "c2")]:
        producer.begin_transaction()
        send(producer, name, [value])
        producer.commit_transaction(TIMEOUT) if outcome_ == "commit" else producer.abort_transaction(TIMEOUT)
    producer.begin_transaction()
    send(producer, name, ["open"])
    seen = [values(name, isolation="read_committed"), values(name)]
    producer.abort_transaction(TIMEOUT)
    return seen


def fencing():
    name = topic()
    id = unique("tx")
    zombie = transactional(id)
    zombie.begin_transaction()
    send(zombie, name, ["zombie"])
    fresh = transactional(id)
    fresh.begin_transaction()
    send(fresh, name, ["fresh"])
    commit = outcome(lambda: zombie.commit_transaction(TIMEOUT))
    fresh.commit_transaction(TIMEOUT)
    return [commit, values(name, isolation="read_committed")]


def transaction_timeout():
    name = topic()
    producer = transactional(unique("tx"), transaction_timeout_ms=1000)
    producer.begin_transaction()
    send(producer, name, ["slow"])
    until("the abort", lambda: admin().list_offsets({TopicPartition(name, 0): OffsetSpec.latest()}, isolation_level=IsolationLevel.READ_COMMITTED)[TopicPartition(name, 0)].result(TIMEOUT).offset > 1)
    return [outcome(lambda: producer.commit_transaction(TIMEOUT)) != "fine", values(name, isolation="read_committed")]


def transactional_offsets():
    name = topic()
    group = unique("g")
    send(Producer(settings()), name, ["a", "b", "c"])
    consumer = Consumer(settings(group_id=group, auto_offset_reset="earliest", enable_auto_commit=False))
    consumer.subscribe([name])
    until("a message", lambda: consumer.poll(0.1))
    producer = transactional(unique("tx"))
    results = []
    for ends, offset in [("commit", 1), ("abort", 2), ("commit", 3)]:
        producer.begin_transaction()
        producer.send_offsets_to_transaction([TopicPartition(name, 0, offset)], consumer.consumer_group_metadata(), TIMEOUT)
        producer.commit_transaction(TIMEOUT) if ends == "commit" else producer.abort_transaction(TIMEOUT)
        results.append(consumer.committed([TopicPartition(name, 0)], TIMEOUT)[0].offset)
    consumer.close()
    return results


def groups():
    """By every assignor and by the consumer protocol: two members share, one takes over, offsets go on."""
    results = {}
    for kind in ["range", "roundrobin", "cooperative-sticky", "consumer"]:
        name = topic(4)
        group = unique("g")
        how = {"group.protocol": "consumer"} if kind == "consumer" else {"partition.assignment.strategy": kind, "session.timeout.ms": 6000, "heartbeat.interval.ms": 200}
        common = {**settings(group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, fetch_wait_max_ms=50), **how}
        one, two = Consumer(common), Consumer(common)
        seen = []

        def poll(*members):
            for member in members:
                message = member.poll(0.02)
                if message is not None and not message.error():
                    seen.append(message.value().decode())
            return [len(member.assignment()) for member in members]

        one.subscribe([name])
        until("all at one", lambda: poll(one) == [4])
        producer = Producer(settings())
        for partition in range(4):
            send(producer, name, [f"{partition}:{at}" for at in range(10)], partition)
        until("records", lambda: poll(one) and len(set(seen)) == 40)
        one.commit(asynchronous=False)
        two.subscribe([name])
        until("two each", lambda: poll(one, two) == [2, 2])
        one.close()
        until("all at two", lambda: poll(two) == [4])
        for partition in range(4):
            send(producer, name, [f"{partition}:{at}" for at in range(10, 20)], partition)
        until("the rest", lambda: poll(two) and len(set(seen)) == 80)
        described = admin().describe_consumer_groups([group])[group].result(TIMEOUT)
        two.close()
        results[kind] = [len(set(seen)), described.state.name, described.type.name, len(described.members), described.partition_assignor]
    return results


def static_member():
    name = topic(2)
    common = settings(group_id=unique("g"), auto_offset_reset="earliest", session_timeout_ms=10000, heartbeat_interval_ms=200)
    stays = Consumer({**common, "group.instance.id": "stays"})
    leaves = Consumer({**common, "group.instance.id": "leaves"})
    rebalances = []
    stays.subscribe([name], on_revoke=lambda _, partitions: rebalances.append(len(partitions)))
    leaves.subscribe([name])
    until("one each", lambda: [stays.poll(0.02), leaves.poll(0.02)] and [len(stays.assignment()), len(leaves.assignment())] == [1, 1])
    before = [one.partition for one in leaves.assignment()]
    count = len(rebalances)
    leaves.close()
    back = Consumer({**common, "group.instance.id": "leaves"})
    back.subscribe([name])
    until("its partition", lambda: [stays.poll(0.02), back.poll(0.02)] and len(back.assignment()) == 1)
    same = [one.partition for one in back.assignment()] == before
    more = len(rebalances) - count
    stays.close()
    back.close()
    return [same, more]


def offsets():
    name = topic(2)
    group = unique("g")
    consumer = Consumer(settings(group_id=group, enable_auto_commit=False))
    results = [one.offset for one in consumer.committed([TopicPartition(name, 0)], TIMEOUT)]
    consumer.commit(offsets=[TopicPartition(name, 0, 7, metadata="seven")], asynchronous=False)
    results += [[one.offset, one.metadata] for one in consumer.committed([TopicPartition(name, 0), TopicPartition(name, 1)], TIMEOUT)]
    send(Producer(settings()), name, ["a", "b"])
    results.append(list(consumer.get_watermark_offsets(TopicPartition(name, 0), TIMEOUT)))
    results.append([one.offset for one in consumer.offsets_for_times([TopicPartition(name, 0, 0), TopicPartition(name, 0, 4102444800000)], TIMEOUT)])
    consumer.close()
    client = admin()
    listed = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(TIMEOUT)
    results.append(sorted([one.partition, one.offset] for one in listed.topic_partitions))
    client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, [TopicPartition(name, 1, 5)])])[group].result(TIMEOUT)
    listed = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(TIMEOUT)
    results.append(sorted([one.partition, one.offset] for one in listed.topic_partitions))
    results.append(any(one.group_id == group for one in client.list_consumer_groups().result(TIMEOUT).valid))
    results.append(outcome(lambda: client.delete_consumer_groups([group])[group].result(TIMEOUT)))
    results.append(outcome(lambda: client.delete_consumer_groups([group])[group].result(TIMEOUT)))
    return results


def topics():
    client = admin()
    name = unique("t")
    results = {}
    results["validated"] = outcome(lambda: client.create_topics([NewTopic(name, 2, 1)], validate_only=True)[name].result(TIMEOUT))
    results["created"] = outcome(lambda: client.create_topics([NewTopic(name, 2, 1, config={"retention.ms": "1000"})])[name].result(TIMEOUT))
    results["again"] = outcome(lambda: client.create_topics([NewTopic(name, 2, 1)])[name].result(TIMEOUT))
    results["three replicas"] = outcome(lambda: client.create_topics([NewTopic("r3", 1, 3)])["r3"].result(TIMEOUT))
    results["bad config"] = outcome(lambda: client.create_topics([NewTopic("bc", 1, 1, config={"retention.ms": "x"})])["bc"].result(TIMEOUT))
    results["more"] = outcome(lambda: client.create_partitions([NewPartitions(name, 3)])[name].result(TIMEOUT))
    results["fewer"] = outcome(lambda: client.create_partitions([NewPartitions(name, 1)])[name].result(TIMEOUT))
    until("three partitions", lambda: has_leaders(name, 3))
    described = client.describe_topics(TopicCollection([name]), include_authorized_operations=True)[name].result(TIMEOUT)
    results["described"] = [len(described.partitions), described.is_internal, sorted(one.name for one in described.authorized_operations)]
    results["deleted"] = outcome(lambda: client.delete_topics([name])[name].result(TIMEOUT))
    results["deleted again"] = outcome(lambda: client.delete_topics([name])[name].result(TIMEOUT))
    return results


def configs():
    client = admin()
    name = topic(retention_ms="5000")
    results = {}
    found = client.describe_configs([ConfigResource("topic", name)])
    for entry in list(found.values())[0].result(TIMEOUT).values():
        if entry.name in ("retention.ms", "cleanup.policy"):
            results[entry.name] = [entry.value, entry.source, entry.is_read_only, entry.is_sensitive]
    for at, (key, value, operation) in enumerate([("retention.ms", "6000", "SET"), ("cleanup.policy", "compact", "APPEND"), ("retention.ms", "x", "SET"), ("no.such", "1", "SET"), ("retention.ms", None, "DELETE")]):
        change = ConfigEntry(key, value, incremental_operation=AlterConfigOpType[operation])
        futures = client.incremental_alter_configs([ConfigResource("topic", name, incremental_configs=[change])])
        results[f"{operation} {key} {value}"] = outcome(lambda: list(futures.values())[0].result(TIMEOUT))
    legacy = client.alter_configs([ConfigResource("topic", name, set_config={"max.message.bytes": "2000"})])
    results["legacy"] = outcome(lambda: list(legacy.values())[0].result(TIMEOUT))
    until("the legacy change", lambda: list(client.describe_configs([ConfigResource("topic", name)]).values())[0].result(TIMEOUT)["max.message.bytes"].value == "2000")
    results["too large"] = outcome_of_send(name, "x" * 3000)
    results["missing"] = outcome(lambda: list(client.describe_configs([ConfigResource("topic", "missing")]).values())[0].result(TIMEOUT))
    return results


def outcome_of_send(name, value):
    return send(Producer(settings()), name, [value])


def cluster():
    client = admin()
    described = client.describe_cluster(include_authorized_operations=True).result(TIMEOUT)
    name = topic()
    send(Producer(settings()), name, ["a", "b", "c"])
    deleted = client.delete_records([TopicPartition(name, 0, 2)])[TopicPartition(name, 0)].result(TIMEOUT).low_watermark
    latest = client.list_offsets({TopicPartition(name, 0): OffsetSpec.latest()})[TopicPartition(name, 0)].result(TIMEOUT)
    return {
        "nodes": len(described.nodes),
        "controller": described.controller.id == described.nodes[0].id,
        "cluster id": len(described.cluster_id),
        "operations": sorted(one.name for one in described.authorized_operations),
        "deleted": [deleted, latest.offset, values(name)],
        "acls": outcome(lambda: client.describe_acls(acl_filter()).result(TIMEOUT)),
    }


def acl_filter():
    from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

    return AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)


def scram_users():
    client = admin()
    user = unique("user")
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192)
    results = [outcome(lambda: client.describe_user_scram_credentials([user])[user].result(TIMEOUT))]
    results.append(outcome(lambda: client.alter_user_scram_credentials([UserScramCredentialUpsertion(user, info, b"secret")])[user].result(TIMEOUT)))
    until("the user", lambda: outcome(lambda: client.describe_user_scram_credentials([user])[user].result(TIMEOUT)) == "fine")
    results.append(outcome(lambda: client.alter_user_scram_credentials([UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)])[user].result(TIMEOUT)))
    return results


def logins():
    results = {}
    for protocol in ["SASL_PLAINTEXT", "SASL_SSL", "SSL"]:
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] if protocol != "SSL" else ["none"]:
            for password in ["secret", "wrong"] if protocol != "SSL" else [""]:
                config = {"bootstrap.servers": OPTIONS["listeners"][protocol], "security.protocol": protocol, "ssl.endpoint.identification.algorithm": "none", "ssl.ca.pem": OPTIONS["certificate"], "log_level": 0}
                if protocol != "SSL":
                    config.update({"sasl.mechanism": mechanism, "sasl.username": "ann", "sasl.password": password})
                errors = []
                client = AdminClient({**config, "error_cb": lambda error: errors.append(error.name())})

                def attempt():
                    client.poll(0)
                    if "_AUTHENTICATION" in errors:
                        return "_AUTHENTICATION"
                    try:
                        client.list_topics(timeout=1)
                        return "fine"
                    except KafkaException:
                        return None

                results[f"{protocol} {mechanism} {password}"] = until("an answer", attempt)
    return results


SCENARIOS = {
    "every compression with every acks": codecs,
    "an idempotent producer": idempotence,
    "committed, aborted and open transactions": transactions,
    "a fenced zombie": fencing,
    "a transaction that takes too long": transaction_timeout,
    "offsets within transactions": transactional_offsets,
    "groups by every assignor and protocol": groups,
    "a static member that comes back": static_member,
    "committed offsets": offsets,
    "topics": topics,
    "a topic's settings": configs,
    "the cluster": cluster,
    "SCRAM users": scram_users,
    "logins and TLS": logins,
}


def main():
    results = {}
    for name, scenario in SCENARIOS.items():
        started = time.time()
        try:
            results[name] = {"result": scenario()}
        except Exception:
            results[name] = {"failure": traceback.format_exc()}
        print(f"{name}: {time.time() - started:.1f} s", file=sys.stderr)
    print(json.dumps(results))


main()
