import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** Consumer groups of both protocols. */
public final class Groups {
  private static final String ASSIGNORS = "org.apache.kafka.clients.consumer.";

  /** A consumer that polls on a thread of its own until it is stopped. */
  private static final class Member implements ConsumerRebalanceListener {
    final KafkaConsumer<String, String> consumer;
    final Set<String> seen = new ConcurrentSkipListSet<>();
    final Set<TopicPartition> assigned = java.util.Collections.synchronizedSet(new HashSet<>());
    volatile int revocations = 0;
    volatile boolean stop = false;
    volatile Throwable failure;
    private final Thread thread;

    Member(Cluster cluster, Object topics, String... settings) {
      consumer = cluster.consumer(settings);
      if (topics instanceof SubscriptionPattern) consumer.subscribe((SubscriptionPattern) topics, this);
      else if (topics instanceof java.util.regex.Pattern) consumer.subscribe((java.util.regex.Pattern) topics, this);
      else consumer.subscribe(List.of((String) topics), this);
      thread = new Thread(() -> {
        try {
          while (!stop) {
            for (var record : consumer.poll(Duration.ofMillis(50))) seen.add(record.value());
            if (!assigned.isEmpty()) consumer.commitAsync();
          }
        } catch (WakeupException woken) {
          // It is stopped.
        } catch (Throwable thrown) {
          failure = thrown;
        }
        consumer.close(Duration.ofSeconds(5));
      });
      thread.start();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      assigned.addAll(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) revocations++;
      assigned.removeAll(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      assigned.removeAll(partitions);
    }

    void close() throws InterruptedException {
      stop = true;
      thread.join();
    }

    int size() {
      if (failure != null) throw new IllegalStateException(failure);
      return assigned.size();
    }
  }

  private static String[] with(String group, Map<?, ?> options, String... more) {
    List<String> settings = new ArrayList<>(List.of("group.id", group));
    String protocol = String.valueOf(options.get("protocol"));
    settings.addAll(List.of("group.protocol", protocol));
    if (protocol.equals("classic")) {
      settings.addAll(List.of("session.timeout.ms", "10000", "heartbeat.interval.ms", "200"));
      if (options.get("assignor") != null) settings.addAll(List.of("partition.assignment.strategy", ASSIGNORS + options.get("assignor")));
    } else if (options.get("assignor") != null) settings.addAll(List.of("group.remote.assignor", String.valueOf(options.get("assignor"))));
    settings.addAll(List.of(more));
    return settings.toArray(new String[0]);
  }

  private static ConsumerGroupDescription describe(Cluster cluster, String group) throws Exception {
    return cluster.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
  }

  private static void produce(Cluster cluster, String topic, int from, int count) throws Exception {
    KafkaProducer<String, String> producer = cluster.producer();
    for (int at = from; at < from + count; at++) producer.send(new ProducerRecord<>(topic, at % 6, null, String.format("%04d", at)));
    producer.flush();
  }

  /** Two, then three members share six partitions; one leaves; nothing is missed. */
  public static Object sharing(Cluster cluster) throws Exception {
    String topic = cluster.topic(6);
    String group = Cluster.unique("g");
    Member one = new Member(cluster, topic, with(group, cluster.options, "client.id", "one"));
    Cluster.until("all at one", () -> one.size() == 6);
    produce(cluster, topic, 0, 60);
    Member two = new Member(cluster, topic, with(group, cluster.options, "client.id", "two"));
    Cluster.until("three each", () -> one.size() == 3 && two.size() == 3);
    produce(cluster, topic, 60, 60);
    Member three = new Member(cluster, topic, with(group, cluster.options, "client.id", "three"));
    Cluster.until("two each", () -> one.size() == 2 && two.size() == 2 && three.size() == 2);
    Cluster.until("a stable group", () -> describe(cluster, group).groupState().toString().equals("Stable"));
    ConsumerGroupDescription stable = describe(cluster, group);
    two.close();
    Cluster.until("three each again", () -> one.size() == 3 && three.size() == 3);
    produce(cluster, topic, 120, 60);
    Set<String> seen = new TreeSet<>();
    Cluster.until("all records", () -> {
      for (Member member : List.of(one, two, three)) seen.addAll(member.seen);
      return seen.size() == 180;
    });
    one.close();
    three.close();
    ConsumerGroupDescription empty = describe(cluster, group);
    long committed = cluster.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream().mapToLong(OffsetAndMetadata::offset).sum();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("assignor", stable.partitionAssignor());
    result.put("type", stable.type().toString());
    result.put("members", Cluster.sorted(stable.members().stream().map(member -> member.clientId() + " " + member.assignment().topicPartitions().size() + " " + member.host()).toList()));
    result.put("in the end", empty.groupState() + " " + empty.members().size());
    result.put("everything committed", committed > 0 && committed <= 180);
    return result;
  }

  /** A static member that comes back within its session has what it had, and nobody else notices. */
  public static Object staticMember(Cluster cluster) throws Exception {
    String topic = cluster.topic(4);
    String group = Cluster.unique("g");
    Member stays = new Member(cluster, topic, with(group, cluster.options, "group.instance.id", "stays"));
    Member leaves = new Member(cluster, topic, with(group, cluster.options, "group.instance.id", "leaves"));
    Cluster.until("two each", () -> stays.size() == 2 && leaves.size() == 2);
    Cluster.until("a stable group", () -> describe(cluster, group).groupState().toString().equals("Stable"));
    int revocations = stays.revocations;
    Set<TopicPartition> before = new HashSet<>(leaves.assigned);
    leaves.close();
    Member back = new Member(cluster, topic, with(group, cluster.options, "group.instance.id", "leaves"));
    Cluster.until("its partitions", () -> back.size() == 2);
    Set<TopicPartition> after = new HashSet<>(back.assigned);
    int more = stays.revocations - revocations;
    List<Object> instances = new ArrayList<>(Cluster.sorted(describe(cluster, group).members().stream().map(member -> member.groupInstanceId().orElse("none")).toList()));
    // An administrator removes it by its instance id.
    String removed = Cluster.outcome(() -> cluster.admin().removeMembersFromConsumerGroup(group,
        new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("leaves")))).all().get());
    stays.close();
    back.stop = true;
    back.close();
    return Cluster.list(before.equals(after), more, instances, removed);
  }

  /** Two processes with one instance id: the classic protocol fences the older one, the consumer protocol refuses the newer one. */
  public static Object twoOfOneInstance(Cluster cluster) throws Exception {
    String topic = cluster.topic(2);
    String group = Cluster.unique("g");
    Member first = new Member(cluster, topic, with(group, cluster.options, "group.instance.id", "same"));
    Cluster.until("an assignment", () -> first.size() == 2);
    Member second = new Member(cluster, topic, with(group, cluster.options, "group.instance.id", "same"));
    Cluster.until("one of them to fail", () -> first.failure != null || second.failure != null);
    String who = first.failure != null ? "first " + first.failure.getClass().getSimpleName() : "second " + second.failure.getClass().getSimpleName();
    first.close();
    second.close();
    return who;
  }

  /** A member that does not poll is out; another takes over. */
  public static Object pollInterval(Cluster cluster) throws Exception {
    String topic = cluster.topic(2);
    String group = Cluster.unique("g");
    KafkaConsumer<String, String> idle = cluster.consumer(with(group, cluster.options, "max.poll.interval.ms", "1500"));
    idle.subscribe(List.of(topic));
    Cluster.until("an assignment", () -> { idle.poll(Duration.ofMillis(50)); return idle.assignment().size() == 2; });
    Member other = new Member(cluster, topic, with(group, cluster.options));
    Cluster.until("the other to have all", () -> other.size() == 2);
    String commit = Cluster.outcome(() -> { idle.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1))); return null; });
    other.close();
    return commit;
  }

  /** Topics that match a pattern are read as they appear. */
  public static Object pattern(Cluster cluster) throws Exception {
    String prefix = Cluster.unique("pattern");
    Object topics = cluster.option("protocol").equals("consumer") ? new SubscriptionPattern(prefix + ".*") : java.util.regex.Pattern.compile(prefix + ".*");
    cluster.admin().createTopics(List.of(new org.apache.kafka.clients.admin.NewTopic(prefix + "-a", 1, (short) 1))).all().get();
    Member member = new Member(cluster, topics, with(Cluster.unique("g"), cluster.options, "metadata.max.age.ms", "300"));
    Cluster.until("the first", () -> member.size() == 1);
    cluster.admin().createTopics(List.of(new org.apache.kafka.clients.admin.NewTopic(prefix + "-b", 2, (short) 1))).all().get();
    Cluster.until("the second", () -> member.size() == 3);
    cluster.admin().createPartitions(Map.of(prefix + "-b", org.apache.kafka.clients.admin.NewPartitions.increaseTo(3))).all().get();
    Cluster.until("the new partition", () -> member.size() == 4);
    member.close();
    return "followed";
  }

  /** Offsets and groups as administrators change them. */
  public static Object administration(Cluster cluster) throws Exception {
    String topic = cluster.topic(2);
    String group = Cluster.unique("g");
    TopicPartition zero = new TopicPartition(topic, 0);
    TopicPartition one = new TopicPartition(topic, 1);
    var admin = cluster.admin();
    Map<String, Object> results = new TreeMap<>();
    results.put("a group by its offsets", Cluster.outcome(() -> admin.alterConsumerGroupOffsets(group, Map.of(zero, new OffsetAndMetadata(5, "five"), one, new OffsetAndMetadata(6))).all().get()));
    results.put("offsets", Cluster.sorted(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream().map(Object::toString).toList()));
    results.put("an unknown partition", Cluster.outcome(() -> admin.alterConsumerGroupOffsets(group, Map.of(new TopicPartition("missing", 0), new OffsetAndMetadata(5))).all().get()));
    Member member = new Member(cluster, topic, with(group, cluster.options));
    Cluster.until("an assignment", () -> member.size() == 2);
    results.put("altered while members are there", Cluster.outcome(() -> admin.alterConsumerGroupOffsets(group, Map.of(zero, new OffsetAndMetadata(5))).all().get()));
    results.put("offset deleted while it is read", Cluster.outcome(() -> admin.deleteConsumerGroupOffsets(group, Set.of(zero)).all().get()));
    results.put("deleted while members are there", Cluster.outcome(() -> admin.deleteConsumerGroups(List.of(group)).all().get()));
    results.put("listed", admin.listGroups(new ListGroupsOptions()).all().get().stream().filter(listing -> listing.groupId().equals(group)).map(listing -> listing.type().map(Object::toString).orElse("none") + " " + listing.protocol() + " " + listing.groupState().map(Object::toString).orElse("none")).toList());
    results.put("listed for classic groups", admin.listGroups(ListGroupsOptions.forConsumerGroups().inGroupStates(Set.of(org.apache.kafka.common.GroupState.EMPTY))).all().get().stream().filter(listing -> listing.groupId().equals(group)).count());
    member.close();
    results.put("offset deleted", Cluster.outcome(() -> admin.deleteConsumerGroupOffsets(group, Set.of(zero)).all().get()));
    results.put("left", admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().size());
    results.put("deleted", Cluster.outcome(() -> admin.deleteConsumerGroups(List.of(group)).all().get()));
    results.put("deleted again", Cluster.outcome(() -> admin.deleteConsumerGroups(List.of(group)).all().get()));
    results.put("described when gone", Cluster.outcome(() -> describe(cluster, group)));
    results.put("members of a missing one removed", Cluster.outcome(() -> admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("x")))).all().get()));
    return results;
  }

  /** A group changes its protocol while nobody is in it, and keeps its offsets. */
  public static Object upgrade(Cluster cluster) throws Exception {
    String topic = cluster.topic(1);
    String group = Cluster.unique("g");
    cluster.send(topic, "a", "b");
    List<Object> results = new ArrayList<>();
    for (String protocol : List.of("classic", "consumer", "classic")) {
      Member member = new Member(cluster, topic, with(group, Map.of("protocol", protocol)));
      Cluster.until("an assignment", () -> member.size() == 1);
      String last = results.isEmpty() ? "b" : "c" + results.size();
      if (!results.isEmpty()) cluster.send(topic, last);
      Cluster.until("records", () -> member.seen.contains(last));
      results.add(Cluster.sorted(member.seen));
      results.add(describe(cluster, group).type().toString());
      Cluster.until("commit", () -> cluster.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream().anyMatch(offset -> offset.offset() == cluster.consumer().endOffsets(List.of(new TopicPartition(topic, 0))).get(new TopicPartition(topic, 0))));
      member.close();
    }
    return results;
  }

  /**
   * Members of the two protocols come and go, and the group follows: one of the consumer protocol joins a classic group,
   * which becomes classic again when that one leaves; a classic member joins a group of the consumer protocol and is left
   * alone in it. Nothing is missed.
   */
  public static Object migration(Cluster cluster) throws Exception {
    String topic = cluster.topic(6);
    String group = Cluster.unique("g");
    String[] classic = with(group, Map.of("protocol", "classic", "assignor", cluster.options.get("assignor")), "client.id", "classic");
    String[] consumer = with(group, Map.of("protocol", "consumer"), "client.id", "consumer");
    List<Object> results = new ArrayList<>();
    Set<String> seen = new TreeSet<>();
    Member old = new Member(cluster, topic, classic);
    Cluster.until("all at the old one", () -> old.size() == 6);
    results.add(migrated(cluster, group));
    Member fresh = new Member(cluster, topic, consumer);
    Cluster.until("three each", () -> old.size() == 3 && fresh.size() == 3);
    results.add(migrated(cluster, group));
    produce(cluster, topic, 0, 60);
    Cluster.until("records at both", () -> old.seen.size() + fresh.seen.size() >= 60);
    fresh.close();
    Cluster.until("all at the old one again", () -> old.size() == 6);
    results.add(migrated(cluster, group));
    Member next = new Member(cluster, topic, consumer);
    Cluster.until("three each again", () -> old.size() == 3 && next.size() == 3);
    old.close();
    Cluster.until("all at the next one", () -> next.size() == 6);
    results.add(migrated(cluster, group));
    produce(cluster, topic, 60, 60);
    Member late = new Member(cluster, topic, classic);
    Cluster.until("three at the late one", () -> next.size() == 3 && late.size() == 3);
    results.add(migrated(cluster, group));
    next.close();
    Cluster.until("all at the late one", () -> late.size() == 6);
    results.add(migrated(cluster, group));
    produce(cluster, topic, 120, 60);
    Cluster.until("all records", () -> {
      for (Member member : List.of(old, fresh, next, late)) seen.addAll(member.seen);
      return seen.size() == 180;
    });
    late.close();
    results.add(describe(cluster, group).groupState().toString());
    return results;
  }

  private static Object migrated(Cluster cluster, String group) throws Exception {
    Cluster.until("a stable group", () -> describe(cluster, group).groupState().toString().equals("Stable"));
    ConsumerGroupDescription stable = describe(cluster, group);
    return stable.type() + " " + Cluster.sorted(stable.members().stream().map(member -> member.clientId() + " " + member.assignment().topicPartitions().size() + " " + member.upgraded().map(Object::toString).orElse("unknown")).toList());
  }

  /**
   * What the broker keeps of a group in which both protocols and a regular expression are at work, read by Kafka's own
   * classes: the last record of each key, without ids, times and epochs, which differ from run to run. The hash of the
   * topics is left out: the embedded broker finds changes without it.
   */
  public static Object records(Cluster cluster) throws Exception {
    String prefix = Cluster.unique("records");
    String group = Cluster.unique("g");
    for (String name : List.of("-a", "-b")) {
      cluster.admin().createTopics(List.of(new org.apache.kafka.clients.admin.NewTopic(prefix + name, 2, (short) 1))).all().get();
    }
    Member pattern = new Member(cluster, new SubscriptionPattern(prefix + ".*"), with(group, Map.of("protocol", "consumer"), "client.id", "pattern"));
    Cluster.until("all partitions", () -> pattern.size() == 4);
    Member classic = new Member(cluster, prefix + "-a", with(group, Map.of("protocol", "classic", "assignor", "RangeAssignor"), "client.id", "classic", "group.instance.id", "fixed"));
    Cluster.until("some at the classic one", () -> classic.size() > 0 && classic.size() + pattern.size() == 4);
    Cluster.until("a stable group", () -> describe(cluster, group).groupState().toString().equals("Stable"));
    Set<TopicPartition> all = new HashSet<>(pattern.assigned);
    all.addAll(classic.assigned);
    Cluster.until("commits", () -> cluster.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().keySet().containsAll(all));
    Object records = stored(cluster, group).replace(prefix, "PREFIX").replace(group, "GROUP").lines().sorted().toList();
    classic.close();
    pattern.close();
    Cluster.until("an empty group", () -> cluster.admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get().members().stream().noneMatch(member -> member.clientId().equals("pattern")));
    cluster.admin().removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("fixed")))).all().get();
    cluster.admin().deleteConsumerGroups(List.of(group)).all().get();
    return Cluster.list(records, stored(cluster, group).lines().toList());
  }

  private static String stored(Cluster cluster, String group) throws Exception {
    Map<String, String> latest = new TreeMap<>();
    var serde = new org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde();
    var settings = new java.util.Properties();
    settings.put("bootstrap.servers", cluster.bootstrap);
    var bytes = new org.apache.kafka.common.serialization.ByteArrayDeserializer();
    try (var reader = new KafkaConsumer<>(settings, bytes, bytes)) {
      var partitions = reader.partitionsFor("__consumer_offsets").stream().map(one -> new TopicPartition(one.topic(), one.partition())).toList();
      reader.assign(partitions);
      reader.seekToBeginning(partitions);
      var ends = reader.endOffsets(partitions);
      while (partitions.stream().anyMatch(one -> reader.position(one) < ends.get(one))) {
        for (var record : reader.poll(Duration.ofMillis(100))) {
          var value = record.value() == null ? null : java.nio.ByteBuffer.wrap(record.value());
          var read = serde.deserialize(java.nio.ByteBuffer.wrap(record.key()), value);
          String key = read.key().getClass().getSimpleName() + " " + org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters.writeRecordKeyAsJson(read.key());
          if (!key.contains(group)) continue;
          if (read.value() == null) latest.remove(key);
          else latest.put(key, org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters.writeRecordValueAsJson(read.value().message(), read.value().version()).toString());
        }
      }
    }
    StringBuilder text = new StringBuilder();
    latest.forEach((key, value) -> text.append(key).append(' ').append(value).append('\n'));
    return text.toString()
        .replaceAll("\"(metadata|memberId|topicId)\":\"[^\"]*\"", "\"$1\":…")
        .replaceAll("\"(\\w*[eE]poch|timestamp|commitTimestamp|version)\":-?\\d+", "\"$1\":…")
        .replaceAll(",\"metadataHash\":-?\\d+", "");
  }
}
