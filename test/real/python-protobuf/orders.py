"""Writes a record as Protobuf and reads it back, with the serializers of confluent-kafka: its schema refers to another one."""

import base64
import json
import sys

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pool, json_format
from google.protobuf.message_factory import GetMessageClass

bootstrap, registry, topic, *descriptors = sys.argv[1:]

pool = descriptor_pool.DescriptorPool()
for descriptor in descriptors:
    pool.AddSerializedFile(base64.b64decode(descriptor))
Priced = GetMessageClass(pool.FindMessageTypeByName("shop.Priced"))

client = SchemaRegistryClient({"url": registry})
context = SerializationContext(topic, MessageField.VALUE)
value = Priced(price={"cents": 250, "currency": "EUR"})
producer = Producer({"bootstrap.servers": bootstrap})
producer.produce(topic, ProtobufSerializer(Priced, client)(value, context))
producer.flush()

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
message = consumer.poll(60)
assert message is not None and message.error() is None, message and message.error()
# Asks for the schemas again, serialized: a client of its own has none in its cache.
deserializer = ProtobufDeserializer(Priced, {"use.latest.version": True}, SchemaRegistryClient({"url": registry}))
read = deserializer(message.value(), context)
consumer.close()
print(json.dumps({"id": int.from_bytes(message.value()[1:5], "big"), "value": json_format.MessageToDict(read)}))
