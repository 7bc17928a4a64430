import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** Idempotent and transactional producers. */
public final class Transactions {
  private static KafkaProducer<String, String> transactional(Cluster cluster, String id, String... more) {
    List<String> settings = new ArrayList<>(List.of("transactional.id", id, "max.block.ms", "20000"));
    settings.addAll(List.of(more));
    return cluster.producer(settings.toArray(new String[0]));
  }

  private static void send(KafkaProducer<String, String> producer, String topic, String... values) {
    for (String value : values) producer.send(new ProducerRecord<>(topic, 0, null, value));
  }

  private static long end(Cluster cluster, String topic, IsolationLevel isolation) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    return cluster.admin().listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation)).all().get().get(partition).offset();
  }

  /** Committed, aborted and open ones, as both isolation levels see them. */
  public static Object visibility(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    KafkaProducer<String, String> producer = transactional(cluster, Cluster.unique("tx"));
    producer.initTransactions();
    producer.beginTransaction();
    send(producer, topic, "c1", "c2");
    producer.commitTransaction();
    producer.beginTransaction();
    send(producer, topic, "a1", "a2");
    producer.flush();
    producer.abortTransaction();
    producer.beginTransaction();
    producer.commitTransaction(); // an empty one
    producer.beginTransaction();
    send(producer, topic, "c3");
    producer.commitTransaction();
    producer.beginTransaction();
    send(producer, topic, "open");
    producer.flush();
    cluster.send(topic, "plain");
    List<String> committed = cluster.values(topic, "read_committed");
    List<String> all = cluster.values(topic, "read_uncommitted");
    long stable = end(cluster, topic, IsolationLevel.READ_COMMITTED);
    long high = end(cluster, topic, IsolationLevel.READ_UNCOMMITTED);
    producer.commitTransaction();
    return Cluster.list(committed, all, stable, high, cluster.values(topic, "read_committed"));
  }

  /** A second producer with the same id fences the first and aborts what it had open. */
  public static Object fencing(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    String id = Cluster.unique("tx");
    KafkaProducer<String, String> zombie = transactional(cluster, id);
    zombie.initTransactions();
    zombie.beginTransaction();
    send(zombie, topic, "zombie");
    zombie.flush();
    KafkaProducer<String, String> fresh = transactional(cluster, id);
    fresh.initTransactions();
    fresh.beginTransaction();
    send(fresh, topic, "fresh");
    String late = Cluster.outcome(() -> zombie.send(new ProducerRecord<>(topic, 0, null, "late")).get());
    String commit = Cluster.outcome(() -> { zombie.commitTransaction(); return null; });
    fresh.commitTransaction();
    return Cluster.list(late, commit, cluster.values(topic, "read_committed"), cluster.values(topic, "read_uncommitted"));
  }

  /** What takes longer than transaction.timeout.ms is aborted by the broker; its producer hears of it. */
  public static Object timeout(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    KafkaProducer<String, String> producer = transactional(cluster, Cluster.unique("tx"), "transaction.timeout.ms", "600");
    producer.initTransactions();
    producer.beginTransaction();
    send(producer, topic, "slow");
    producer.flush();
    Cluster.until("the abort", () -> end(cluster, topic, IsolationLevel.READ_COMMITTED) > 1);
    String commit = Cluster.outcome(() -> { producer.commitTransaction(); return null; });
    String abort = Cluster.outcome(() -> { producer.abortTransaction(); return null; });
    String next = Cluster.outcome(() -> {
      producer.beginTransaction();
      send(producer, topic, "again");
      producer.commitTransaction();
      return null;
    });
    String tooLong = Cluster.outcome(() -> { transactional(cluster, Cluster.unique("tx"), "transaction.timeout.ms", "900001").initTransactions(); return null; });
    return Cluster.list(commit, abort, next, tooLong, cluster.values(topic, "read_committed"));
  }

  /** Consumed offsets within transactions count when these commit; an older member of the group is fenced. */
  public static Object offsets(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    String group = Cluster.unique("g");
    TopicPartition partition = new TopicPartition(topic, 0);
    cluster.send(topic, "a", "b", "c");
    KafkaConsumer<String, String> consumer = cluster.consumer("group.id", group);
    consumer.subscribe(List.of(topic));
    Cluster.until("an assignment", () -> { consumer.poll(Duration.ofMillis(50)); return !consumer.assignment().isEmpty(); });
    ConsumerGroupMetadata member = consumer.groupMetadata();
    KafkaProducer<String, String> producer = transactional(cluster, Cluster.unique("tx"));
    producer.initTransactions();
    List<Object> results = new ArrayList<>();
    producer.beginTransaction();
    producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(1, "first")), member);
    producer.commitTransaction();
    results.add(String.valueOf(committed(consumer, partition, 1)));
    producer.beginTransaction();
    producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(2)), member);
    producer.abortTransaction();
    results.add(consumer.committed(java.util.Set.of(partition)).get(partition).offset());
    producer.beginTransaction();
    results.add(Cluster.outcome(() -> {
      producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(3)), new ConsumerGroupMetadata(group, 77, "nobody", java.util.Optional.empty()));
      return null;
    }));
    producer.abortTransaction();
    producer.beginTransaction();
    producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(3)), member);
    // While it is undecided, whoever wants stable offsets waits.
    results.add(Cluster.outcome(() -> consumer.committed(java.util.Set.of(partition), Duration.ofMillis(700))));
    producer.commitTransaction();
    results.add(committed(consumer, partition, 3).offset());
    return results;
  }

  /**
   * What the group has committed, once it is this offset: a transaction's end is answered before its markers are written, and
   * between a marker's writing and its replication the coordinator still gives the offset of before it.
   */
  private static OffsetAndMetadata committed(KafkaConsumer<String, String> consumer, TopicPartition partition, long offset)
      throws Exception {
    var found = new OffsetAndMetadata[1];
    Cluster.until("offset " + offset, () -> {
      found[0] = consumer.committed(java.util.Set.of(partition)).get(partition);
      return found[0] != null && found[0].offset() == offset;
    });
    return found[0];
  }

  /** Producers and transactions as administrators see them, and ended by them. */
  public static Object administration(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    TopicPartition partition = new TopicPartition(topic, 0);
    String id = Cluster.unique("tx");
    KafkaProducer<String, String> producer = transactional(cluster, id);
    producer.initTransactions();
    producer.beginTransaction();
    send(producer, topic, "x");
    producer.flush();
    Map<String, Object> results = new TreeMap<>();
    var open = cluster.admin().describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers().get(0);
    results.put("producer", Cluster.list(open.producerEpoch(), open.lastSequence(), open.coordinatorEpoch().isPresent(), open.currentTransactionStartOffset().orElse(-1)));
    var described = cluster.admin().describeTransactions(List.of(id)).description(id).get();
    results.put("description", Cluster.list(described.state().toString(), described.transactionTimeoutMs(), described.topicPartitions().size(), described.producerId() == open.producerId()));
    var ongoing = cluster.admin().listTransactions(new ListTransactionsOptions().filterStates(List.of(TransactionState.ONGOING)).filterOnDuration(0)).all().get();
    results.put("listed", ongoing.stream().anyMatch(one -> one.transactionalId().equals(id)));
    results.put("listed by pattern", cluster.admin().listTransactions(new ListTransactionsOptions().filterOnTransactionalIdPattern(id.substring(0, 8) + ".*")).all().get().stream().anyMatch(one -> one.transactionalId().equals(id)));
    results.put("listed after an hour", cluster.admin().listTransactions(new ListTransactionsOptions().filterOnDuration(3_600_000)).all().get().size());
    results.put("missing", Cluster.outcome(() -> cluster.admin().describeTransactions(List.of("missing")).description("missing").get()));
    cluster.admin().abortTransaction(new AbortTransactionSpec(partition, open.producerId(), (short) open.producerEpoch(), open.coordinatorEpoch().orElse(0))).all().get();
    results.put("aborted by hand", end(cluster, topic, IsolationLevel.READ_COMMITTED));
    String fenced = Cluster.unique("tx");
    KafkaProducer<String, String> other = transactional(cluster, fenced);
    other.initTransactions();
    other.beginTransaction();
    send(other, topic, "y");
    other.flush();
    var fences = cluster.admin().fenceProducers(List.of(fenced));
    fences.all().get();
    results.put("fenced", Cluster.outcome(() -> { other.commitTransaction(); return null; }));
    Cluster.until("the abort", () -> end(cluster, topic, IsolationLevel.READ_COMMITTED) == end(cluster, topic, IsolationLevel.READ_UNCOMMITTED));
    results.put("committed", cluster.values(topic, "read_committed"));
    return results;
  }

  /** Many small transactions by several producers on several partitions: whole or not at all. */
  public static Object many(Cluster cluster) throws Exception {
    String topic = cluster.topic(4);
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int worker = 0; worker < 3; worker++) {
      String name = "w" + worker;
      Thread thread = new Thread(() -> {
        try {
          KafkaProducer<String, String> producer;
          synchronized (cluster) {
            producer = transactional(cluster, Cluster.unique("tx"), "linger.ms", "1");
          }
          producer.initTransactions();
          for (int at = 0; at < 40; at++) {
            producer.beginTransaction();
            for (int partition = 0; partition < 4; partition++) producer.send(new ProducerRecord<>(topic, partition, name, name + ":" + at));
            if (at % 4 == 3) producer.abortTransaction();
            else producer.commitTransaction();
          }
        } catch (Throwable thrown) {
          synchronized (failures) {
            failures.add(thrown);
          }
        }
      });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) thread.join();
    if (!failures.isEmpty()) throw new IllegalStateException(failures.get(0));
    List<Object> results = new ArrayList<>();
    for (int partition = 0; partition < 4; partition++) {
      Map<String, Integer> last = new TreeMap<>();
      int count = 0;
      boolean ordered = true;
      for (var record : cluster.read(topic, partition, "read_committed")) {
        int at = Integer.parseInt(record.value().split(":")[1]);
        ordered &= at % 4 != 3 && at > last.getOrDefault(record.key(), -1);
        last.put(record.key(), at);
        count++;
      }
      results.add(Cluster.list(count, ordered, last));
    }
    return results;
  }
}
