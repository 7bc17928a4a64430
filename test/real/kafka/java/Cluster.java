import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** One broker as a scenario sees it: clients for it, which are closed with it, and names that nobody else uses. */
public final class Cluster implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static int names = 0;

  final String bootstrap;
  final Map<?, ?> options;
  private final List<AutoCloseable> opened = new ArrayList<>();
  private Admin admin;

  Cluster(String bootstrap, Map<?, ?> options) {
    this.bootstrap = bootstrap;
    this.options = options;
  }

  String option(String name) {
    return String.valueOf(options.get(name));
  }

  static synchronized String unique(String word) {
    return word + "-" + Long.toString(System.nanoTime(), 36) + names++;
  }

  /** Settings as key, value, key, value. */
  Properties settings(String... more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("default.api.timeout.ms", "30000");
    for (int at = 0; at < more.length; at += 2) properties.put(more[at], more[at + 1]);
    return properties;
  }

  Admin admin() {
    if (admin == null) {
      admin = Admin.create(settings());
      opened.add(admin);
    }
    return admin;
  }

  KafkaProducer<String, String> producer(String... more) {
    KafkaProducer<String, String> producer =
        new KafkaProducer<>(settings(more), new StringSerializer(), new StringSerializer());
    opened.add(() -> producer.close(Duration.ofMillis(500)));
    return producer;
  }

  KafkaConsumer<String, String> consumer(String... more) {
    Properties settings = settings("auto.offset.reset", "earliest", "fetch.max.wait.ms", "100", "enable.auto.commit", "false");
    for (int at = 0; at < more.length; at += 2) settings.put(more[at], more[at + 1]);
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    opened.add(() -> {
      try {
        consumer.close(Duration.ofSeconds(2));
      } catch (IllegalStateException closedBefore) {
        // The scenario closed it.
      }
    });
    return consumer;
  }

  /** Closes a consumer that the scenario is done with, in the middle of it. */
  static void close(KafkaConsumer<?, ?> consumer) {
    consumer.close(Duration.ofSeconds(5));
  }

  String topic(int partitions, String... configs) throws Exception {
    Map<String, String> map = new HashMap<>();
    for (int at = 0; at < configs.length; at += 2) map.put(configs[at], configs[at + 1]);
    String name = unique("topic");
    admin().createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(map))).all().get();
    until("partitions of " + name, () -> {
      try {
        return admin().describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().stream()
                .filter(one -> one.leader() != null).count() == partitions;
      } catch (ExecutionException notYet) {
        return false;
      }
    });
    return name;
  }

  /** Sends the values to partition 0, one by one, with their own text as key. */
  void send(String topic, String... values) throws Exception {
    try (KafkaProducer<String, String> producer = producer()) {
      for (String value : values) producer.send(new ProducerRecord<>(topic, 0, value, value)).get();
    }
  }

  /** Everything from the partition's beginning to its end, as the isolation level sees it. */
  List<ConsumerRecord<String, String>> read(String topic, int partition, String isolation) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    TopicPartition where = new TopicPartition(topic, partition);
    try (KafkaConsumer<String, String> consumer = consumer("isolation.level", isolation)) {
      consumer.assign(List.of(where));
      consumer.seekToBeginning(List.of(where));
      long end = consumer.endOffsets(List.of(where)).get(where);
      long deadline = System.nanoTime() + TIMEOUT.toNanos();
      while (consumer.position(where) < end) {
        if (System.nanoTime() > deadline) throw new IllegalStateException("waited 30 s for " + end + " of " + where);
        consumer.poll(Duration.ofMillis(200)).forEach(records::add);
      }
    }
    return records;
  }

  List<String> values(String topic, String isolation) {
    List<String> values = new ArrayList<>();
    read(topic, 0, isolation).forEach(record -> values.add(record.value()));
    return values;
  }

  static void until(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("waited 30 s for " + what);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** "fine", or the class of what it failed with. */
  static String outcome(Callable<?> work) {
    try {
      work.call();
      return "fine";
    } catch (Throwable thrown) {
      Throwable cause = thrown;
      while (cause instanceof ExecutionException && cause.getCause() != null) cause = cause.getCause();
      return cause.getClass().getSimpleName();
    }
  }

  static <T extends Comparable<T>> List<T> sorted(Collection<T> values) {
    List<T> list = new ArrayList<>(values);
    list.sort(null);
    return list;
  }

  static List<Object> list(Object... values) {
    return Arrays.asList(values);
  }

  @Override
  public void close() throws Exception {
    for (int at = opened.size() - 1; at >= 0; at--) opened.get(at).close();
  }
}
