import static org.apache.kafka.common.config.TopicConfig.*;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Producing, consuming, offsets, deletion, retention and compaction. */
public final class Records {
  /** What comes back for each compression and each acks; counts of records whose key, value, header and time are right. */
  public static Object codecs(Cluster cluster) throws Exception {
    long start = System.currentTimeMillis();
    Map<String, Object> counts = new TreeMap<>();
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      for (String acks : List.of("0", "1", "all")) {
        String topic = cluster.topic(1);
        try (KafkaProducer<String, String> producer = cluster.producer(
            "compression.type", codec, "acks", acks, "enable.idempotence", String.valueOf(acks.equals("all")), "linger.ms", "5")) {
          for (int at = 0; at < 200; at++) {
            List<Header> headers = List.of(new RecordHeader("n", String.valueOf(at).getBytes(StandardCharsets.UTF_8)));
            producer.send(new ProducerRecord<>(topic, 0, start + at, "k" + at, "v".repeat(at), headers));
          }
        }
        Cluster.until("records", () -> cluster.read(topic, 0, "read_uncommitted").size() == 200);
        int right = 0;
        for (ConsumerRecord<String, String> record : cluster.read(topic, 0, "read_uncommitted")) {
          int at = (int) record.offset();
          boolean same = record.key().equals("k" + at) && record.value().length() == at && record.timestamp() == start + at
              && new String(record.headers().lastHeader("n").value(), StandardCharsets.UTF_8).equals(String.valueOf(at));
          if (same) right++;
        }
        counts.put(codec + " acks=" + acks, right);
      }
    }
    return counts;
  }

  public static Object listOffsets(Cluster cluster) throws Exception {
    String topic = cluster.topic(2);
    TopicPartition partition = new TopicPartition(topic, 0);
    long start = System.currentTimeMillis() - 10_000;
    try (KafkaProducer<String, String> producer = cluster.producer()) {
      for (long time : new long[] {1000, 3000, 2000}) producer.send(new ProducerRecord<>(topic, 0, start + time, "k", "v")).get();
    }
    Map<String, OffsetSpec> specs = new TreeMap<>(Map.of(
        "earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(), "max timestamp", OffsetSpec.maxTimestamp(),
        "1500", OffsetSpec.forTimestamp(start + 1500), "3001", OffsetSpec.forTimestamp(start + 3001), "earliest local", OffsetSpec.earliestLocal(),
        "latest tiered", OffsetSpec.latestTiered()));
    Map<String, Object> results = new TreeMap<>();
    for (Map.Entry<String, OffsetSpec> spec : specs.entrySet()) {
      for (IsolationLevel isolation : IsolationLevel.values()) {
        var info = cluster.admin().listOffsets(Map.of(partition, spec.getValue()), new ListOffsetsOptions(isolation)).all().get().get(partition);
        results.put(spec.getKey() + (isolation == IsolationLevel.READ_COMMITTED ? " committed" : ""),
            Cluster.list(info.offset(), info.timestamp() < 0 ? -1 : info.timestamp() - start, info.leaderEpoch().orElse(-1)));
      }
    }
    KafkaConsumer<String, String> consumer = cluster.consumer();
    Map<TopicPartition, Long> asked = new HashMap<>(Map.of(partition, start + 2500, new TopicPartition(topic, 1), 0L));
    Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(asked);
    results.put("offsetsForTimes", Cluster.list(found.get(partition).offset(), found.get(partition).timestamp() - start, found.get(new TopicPartition(topic, 1))));
    results.put("of a missing topic", Cluster.outcome(() ->
        cluster.admin().listOffsets(Map.of(new TopicPartition("missing", 0), OffsetSpec.latest()),
            new ListOffsetsOptions().timeoutMs(1000)).all().get()));
    return results;
  }

  public static Object deleteRecords(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    TopicPartition partition = new TopicPartition(topic, 0);
    cluster.send(topic, "a", "b", "c", "d");
    var before = cluster.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(2))).lowWatermarks().get(partition).get();
    List<String> left = cluster.values(topic, "read_uncommitted");
    String beyond = Cluster.outcome(() -> cluster.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(99))).all().get());
    String fallen = Cluster.outcome(() -> {
      KafkaConsumer<String, String> consumer = cluster.consumer("auto.offset.reset", "none");
      consumer.assign(List.of(partition));
      consumer.seek(partition, 0);
      return consumer.poll(Duration.ofSeconds(5));
    });
    var all = cluster.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(-1))).lowWatermarks().get(partition).get();
    cluster.send(topic, "e");
    return Cluster.list(before.lowWatermark(), left, beyond, fallen, all.lowWatermark(), cluster.values(topic, "read_uncommitted"));
  }

  public static Object sizes(Cluster cluster) throws Exception {
    String topic = cluster.topic(1, MAX_MESSAGE_BYTES_CONFIG, "2000");
    KafkaProducer<String, String> producer = cluster.producer("max.request.size", "10000000");
    String tooLarge = Cluster.outcome(() -> producer.send(new ProducerRecord<>(topic, "x".repeat(3000))).get());
    String fits = Cluster.outcome(() -> producer.send(new ProducerRecord<>(topic, "x".repeat(1000))).get());
    KafkaProducer<String, String> gzip = cluster.producer("compression.type", "gzip");
    String compressed = Cluster.outcome(() -> gzip.send(new ProducerRecord<>(topic, "x".repeat(30000))).get());
    String big = cluster.topic(1);
    cluster.send(big, "z".repeat(500_000));
    KafkaConsumer<String, String> small = cluster.consumer("max.partition.fetch.bytes", "100", "fetch.max.bytes", "100");
    small.assign(List.of(new TopicPartition(big, 0)));
    int read = small.poll(Duration.ofSeconds(10)).iterator().next().value().length();
    return Cluster.list(tooLarge, fits, compressed, cluster.values(topic, "read_uncommitted").size(), read);
  }

  public static Object appendTime(Cluster cluster) throws Exception {
    String topic = cluster.topic(1, MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
    KafkaProducer<String, String> producer = cluster.producer("compression.type", "zstd");
    long before = System.currentTimeMillis();
    RecordMetadata metadata = producer.send(new ProducerRecord<>(topic, 0, 5L, "k", "v")).get();
    ConsumerRecord<String, String> record = cluster.read(topic, 0, "read_uncommitted").get(0);
    String created = cluster.topic(1);
    String early = Cluster.outcome(() -> producer.send(new ProducerRecord<>(created, 0, before + 7_200_000, "k", "v")).get());
    return Cluster.list(record.timestampType().toString(), record.timestamp() >= before - 1000, metadata.timestamp() == record.timestamp(), early);
  }

  /** A consumer that looks for data that isn't there yet waits for it, up to fetch.min.bytes or its time. */
  public static Object waiting(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    KafkaConsumer<String, String> consumer = cluster.consumer("fetch.max.wait.ms", "20000");
    consumer.assign(List.of(new TopicPartition(topic, 0)));
    consumer.poll(Duration.ofMillis(300));
    Thread sender = new Thread(() -> {
      try {
        cluster.send(topic, "late");
      } catch (Exception failed) {
        throw new IllegalStateException(failed);
      }
    });
    sender.start();
    List<String> values = new ArrayList<>();
    consumer.poll(Duration.ofSeconds(15)).forEach(record -> values.add(record.value()));
    sender.join();
    return values;
  }

  /** The last value of each key survives, a tombstone goes in the end. */
  public static Object compaction(Cluster cluster) throws Exception {
    String topic = cluster.topic(1, CLEANUP_POLICY_CONFIG, "compact", SEGMENT_MS_CONFIG, "100", MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.01",
        DELETE_RETENTION_MS_CONFIG, "100", MIN_COMPACTION_LAG_MS_CONFIG, "0", MAX_COMPACTION_LAG_MS_CONFIG, "200");
    KafkaProducer<String, String> producer = cluster.producer();
    for (int at = 0; at < 20; at++) {
      producer.send(new ProducerRecord<>(topic, "a", "a" + at)).get();
      producer.send(new ProducerRecord<>(topic, "b", at == 10 ? null : "b" + at)).get();
      if (at == 12) producer.send(new ProducerRecord<>(topic, "gone", "x")).get();
      if (at == 14) producer.send(new ProducerRecord<>(topic, "gone", null)).get();
    }
    List<String> seen = new ArrayList<>();
    int[] pushes = {0};
    Cluster.until("compaction", () -> {
      Thread.sleep(120);
      // Something new has to come for the last segment to be closed.
      producer.send(new ProducerRecord<>(topic, "push", "p" + pushes[0]++)).get();
      seen.clear();
      cluster.read(topic, 0, "read_uncommitted").forEach(record -> {
        if (!record.key().equals("push")) seen.add(record.offset() + ":" + record.key() + "=" + record.value());
      });
      return seen.size() == 2;
    });
    return seen;
  }

  /** Old segments go by time and by size. */
  public static Object retention(Cluster cluster) throws Exception {
    Map<String, Object> results = new TreeMap<>();
    for (String[] setting : new String[][] {{RETENTION_MS_CONFIG, "1000"}, {RETENTION_BYTES_CONFIG, "2000000"}}) {
      String topic = cluster.topic(1, setting[0], setting[1], SEGMENT_BYTES_CONFIG, "1048576", FILE_DELETE_DELAY_MS_CONFIG, "1");
      KafkaProducer<String, String> producer = cluster.producer();
      for (int at = 0; at < 80; at++) producer.send(new ProducerRecord<>(topic, "x".repeat(100_000))).get();
      TopicPartition partition = new TopicPartition(topic, 0);
      KafkaConsumer<String, String> consumer = cluster.consumer();
      Cluster.until("retention by " + setting[0], () -> consumer.beginningOffsets(List.of(partition)).get(partition) > 40);
      results.put(setting[0], consumer.endOffsets(List.of(partition)).get(partition));
    }
    return results;
  }

  public static Object autoCreation(Cluster cluster) throws Exception {
    String produced = Cluster.unique("auto");
    cluster.send(produced, "made by a producer");
    String unwanted = Cluster.unique("auto");
    KafkaConsumer<String, String> consumer = cluster.consumer("allow.auto.create.topics", "false");
    consumer.assign(List.of(new TopicPartition(unwanted, 0)));
    String missing = Cluster.outcome(() -> consumer.partitionsFor(unwanted));
    String wanted = Cluster.unique("auto");
    KafkaConsumer<String, String> creating = cluster.consumer("group.id", Cluster.unique("g"));
    creating.subscribe(List.of(wanted));
    Cluster.until("the topic", () -> {
      creating.poll(Duration.ofMillis(100));
      return !creating.assignment().isEmpty();
    });
    var names = cluster.admin().listTopics().names().get();
    String badName = Cluster.outcome(() -> cluster.producer("max.block.ms", "2000").send(new ProducerRecord<>("bad name", "v")).get());
    return Cluster.list(names.contains(produced), names.contains(unwanted), names.contains(wanted), missing, badName);
  }

  public static Object leaderEpochs(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    cluster.send(topic, "a", "b");
    ConsumerRecord<String, String> record = cluster.read(topic, 0, "read_uncommitted").get(1);
    KafkaConsumer<String, String> consumer = cluster.consumer("group.id", Cluster.unique("g"));
    TopicPartition partition = new TopicPartition(topic, 0);
    consumer.assign(List.of(partition));
    // Makes the client ask for the epoch's end (OffsetForLeaderEpoch) before it fetches.
    consumer.seek(partition, new org.apache.kafka.clients.consumer.OffsetAndMetadata(1, Optional.of(0), ""));
    List<String> values = new ArrayList<>();
    Cluster.until("a record", () -> {
      consumer.poll(Duration.ofMillis(100)).forEach(one -> values.add(one.value()));
      return !values.isEmpty();
    });
    return Cluster.list(record.leaderEpoch().orElse(-1), values, consumer.currentLag(partition).orElse(-1));
  }
}
