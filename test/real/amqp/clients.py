"""What Python's pika and kombu see of a broker: one JSON document, the same for every broker that behaves the same.

Usage: clients.py HOST PORT
"""
import json
import sys
import time

import amqp
import kombu
import pika
import pika.exceptions

HOST, PORT = sys.argv[1], int(sys.argv[2])


def deaths(headers):
    return [{k: v for k, v in death.items() if k != "time"} for death in headers.get("x-death", [])]


def pika_connection(heartbeat=30):
    parameters = pika.ConnectionParameters(
        HOST, PORT, credentials=pika.PlainCredentials("guest", "guest"), heartbeat=heartbeat
    )
    return pika.BlockingConnection(parameters)


def closed_with(channel, action):
    try:
        action(channel)
        channel.basic_qos(prefetch_count=1)
        return "nothing"
    except pika.exceptions.ChannelClosedByBroker as failure:
        return [failure.reply_code, failure.reply_text]


def pika_errors(connection):
    other = pika_connection()
    other.channel().queue_declare("py.exclusive", exclusive=True)
    found = [
        closed_with(connection.channel(), action)
        for action in (
            lambda c: c.queue_declare("py.none", passive=True),
            lambda c: c.basic_publish("py.none", "k", b""),
            lambda c: c.queue_declare("py.exclusive", passive=True),
            lambda c: c.basic_ack(99),
            lambda c: c.queue_declare("amq.mine"),
            lambda c: (c.queue_declare("py.twice"), c.queue_declare("py.twice", durable=True)),
        )
    ]
    other.close()
    return found


def pika_confirms(channel):
    channel.confirm_delivery()
    channel.queue_declare("py.confirms", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    outcomes = []
    for queue in ("py.confirms", "py.confirms", "py.nowhere"):
        try:
            channel.basic_publish("", queue, b"m" * 300_000, pika.BasicProperties(delivery_mode=2), mandatory=True)
            outcomes.append("confirmed")
        except pika.exceptions.NackError as failure:
            outcomes.append(["nacked", len(failure.messages)])
        except pika.exceptions.UnroutableError as failure:
            outcomes.append([m.method.reply_text for m in failure.messages])
    method, _, body = channel.basic_get("py.confirms", auto_ack=True)
    return outcomes + [method.message_count, len(body)]


def first_message(channel, queue):
    """RabbitMQ passes a dead letter on behind the consumer's back: it may not be there yet."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = channel.basic_get(queue)
        if found[0] is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"no message came to {queue} within 60 s")


def pika_consuming(channel):
    channel.exchange_declare("py.topic", "topic", auto_delete=True)
    channel.queue_declare("py.dead")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "py.dead"}
    channel.queue_declare("py.work", arguments=arguments)
    channel.queue_bind("py.work", "py.topic", "job.*")
    for n in range(6):
        properties = pika.BasicProperties(
            content_type="text/plain",
            headers={"n": n, "text": "ü", "bytes": b"\xff", "nested": {"list": [1, 2**40, None, True]}},
            timestamp=1_700_000_000,
        )
        channel.basic_publish("py.topic", f"job.{n}", str(n).encode(), properties)
    channel.basic_qos(prefetch_count=2)
    seen = []
    for method, properties, body in channel.consume("py.work", inactivity_timeout=60):
        seen.append([body.decode(), method.redelivered, method.routing_key])
        if body == b"3":
            channel.basic_nack(method.delivery_tag, requeue=not method.redelivered)
        else:
            channel.basic_ack(method.delivery_tag)
        if body == b"5":
            headers = dict(properties.headers, bytes=list(properties.headers["bytes"]))
            last = [headers, properties.timestamp, properties.content_type]
        if len(seen) == 7:
            break
    # RabbitMQ may have sent the next message before it puts the rejected one back: job 5 comes before job 3's second time, or after.
    seen.sort()
    returned = channel.cancel()
    _, properties, body = first_message(channel, "py.dead")
    return {"seen": seen, "last": last, "returned": returned, "dead": [body.decode(), deaths(properties.headers)]}


def pika_transaction(channel):
    channel.queue_declare("py.tx")
    channel.tx_select()
    channel.basic_publish("", "py.tx", b"forgotten")
    channel.tx_rollback()
    channel.basic_publish("", "py.tx", b"kept")
    before = channel.queue_declare("py.tx", passive=True).method.message_count
    channel.tx_commit()
    return [before, channel.queue_declare("py.tx", passive=True).method.message_count]


def pika_cancelled(connection):
    channel = connection.channel()
    channel.queue_declare("py.gone")
    cancelled = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    channel.basic_consume("py.gone", lambda *_: None, consumer_tag="tag")
    other = pika_connection()
    other.channel().queue_delete("py.gone")
    other.close()
    deadline = time.monotonic() + 10
    while not cancelled and time.monotonic() < deadline:
        connection.process_data_events(0.1)
    return cancelled


def with_pika():
    connection = pika_connection()
    properties = connection._impl.server_properties
    result = {
        "product": properties["product"],
        "capabilities": sorted(name for name, can in properties["capabilities"].items() if can),
        "errors": pika_errors(connection),
        "confirms": pika_confirms(connection.channel()),
        "consuming": pika_consuming(connection.channel()),
        "transaction": pika_transaction(connection.channel()),
        "cancelled": pika_cancelled(connection),
    }
    connection.close()
    try:
        pika.BlockingConnection(
            pika.ConnectionParameters(HOST, PORT, credentials=pika.PlainCredentials("guest", "wrong"))
        )
    except pika.exceptions.ProbableAuthenticationError as failure:
        result["refused"] = str(failure)
    return result


def kombu_connection(method):
    options = {"confirm_publish": True, "login_method": method}
    return kombu.Connection(f"amqp://guest:guest@{HOST}:{PORT}//", heartbeat=10, transport_options=options, login_method=method)


def with_kombu(method):
    prefix = f"kombu.{method}"
    seen = []
    with kombu_connection(method) as connection:
        exchange = kombu.Exchange(f"{prefix}.x", "direct", durable=True)
        dead = kombu.Queue(f"{prefix}.dead", durable=True)
        queue = kombu.Queue(
            f"{prefix}.q",
            exchange,
            routing_key="k",
            max_priority=5,
            queue_arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead.name},
        )
        dead(connection.default_channel).declare()
        producer = connection.Producer(serializer="json", exchange=exchange)
        for n in range(4):
            producer.publish({"n": n}, routing_key="k", declare=[queue], priority=n, delivery_mode=2, retry=True)

        def take(body, message):
            redelivered = message.delivery_info["redelivered"]
            seen.append([body["n"], redelivered])
            if body["n"] == 1:
                message.reject()
            elif body["n"] == 2 and not redelivered:
                message.requeue()
            else:
                message.ack()

        with connection.Consumer([queue], callbacks=[take], prefetch_count=1):
            while len(seen) < 5:
                connection.drain_events(timeout=10)
                connection.heartbeat_check()
        simple = connection.SimpleQueue(dead)
        message = simple.get(block=True, timeout=10)
        message.ack()
        died = [message.payload, deaths(message.headers)]
        simple.close()
        errors = []
        for wrong in (
            lambda channel: channel.queue_declare("kombu.none", passive=True),
            lambda channel: channel.exchange_declare(f"{prefix}.x", "fanout", durable=True, auto_delete=False),
            lambda channel: channel.basic_qos(1, 1, False),
        ):
            try:
                wrong(connection.channel())
            except amqp.exceptions.AMQPError as failure:
                errors.append([failure.reply_code, failure.reply_text])
    return {"seen": seen, "died": died, "errors": errors}


print(json.dumps({"pika": with_pika(), "kombu": [with_kombu("PLAIN"), with_kombu("AMQPLAIN")]}, indent=1, sort_keys=True))
