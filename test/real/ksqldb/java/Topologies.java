import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.BiFunction;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * What Kafka Streams makes of the records of `l`, `r` and `t`: its joins, windows and aggregates, each as one program. Reads lines
 * of JSON, {"program": "left join of streams", "intKeys": ["l"], "records": [{"topic", "key", "value", "timestampMs"}]}, and answers each with
 * the records of `o` in the same form, or {"failure"}. Windowed keys are `key@start`, of sessions `key@start..end`.
 * Topologies STATE_FOLDER
 */
public final class Topologies {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Serde<String> TEXT = Serdes.String();
  /** Decimal text as the four bytes of its INT: stores are in the order of these. */
  private static final Serde<String> INTS = Serdes.serdeFrom(
      (topic, text) -> text == null ? null : ByteBuffer.allocate(4).putInt(Integer.parseInt(text)).array(),
      (topic, bytes) -> bytes == null ? null : String.valueOf(ByteBuffer.wrap(bytes).getInt()));
  private static final Duration SIZE = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final ValueJoiner<String, String, String> BOTH = (left, right) -> shown(left) + "|" + shown(right);

  private static final ValueJoiner<String, String, String> BACKWARDS = (right, left) -> BOTH.apply(left, right);

  private static final Map<String, BiFunction<StreamsBuilder, Sources, KStream<String, String>>> PROGRAMS = Map.ofEntries(
      entry("inner join of streams", (builder, sources) -> sources.left().join(sources.right(), BOTH, within(), sources.joinedStreams())),
      entry("left join of streams", (builder, sources) -> sources.left().leftJoin(sources.right(), BOTH, within(), sources.joinedStreams())),
      entry("full join of streams", (builder, sources) -> sources.left().outerJoin(sources.right(), BOTH, within(), sources.joinedStreams())),
      entry("inner join of streams, before and after", (builder, sources) -> sources.left()
          .join(sources.right(), BOTH, within().before(Duration.ofSeconds(2)).after(Duration.ofSeconds(7)), sources.joinedStreams())),
      entry("left join of streams, before and after", (builder, sources) -> sources.left()
          .leftJoin(sources.right(), BOTH, within().before(Duration.ofSeconds(2)).after(Duration.ofSeconds(7)), sources.joinedStreams())),
      entry("left join of streams, no grace", (builder, sources) -> sources.left()
          .leftJoin(sources.right(), BOTH, JoinWindows.of(SIZE), sources.joinedStreams())),
      entry("full join of streams, no grace", (builder, sources) -> sources.left()
          .outerJoin(sources.right(), BOTH, JoinWindows.of(SIZE), sources.joinedStreams())),
      entry("inner join of a stream and a table", (builder, sources) -> sources.left().join(sources.rightTable(), BOTH, sources.joined())),
      entry("left join of a stream and a table", (builder, sources) -> sources.left().leftJoin(sources.rightTable(), BOTH, sources.joined())),
      entry("inner join of tables", (builder, sources) -> sources.leftTable().join(sources.rightTable(), BOTH).toStream()),
      entry("left join of tables", (builder, sources) -> sources.leftTable().leftJoin(sources.rightTable(), BOTH).toStream()),
      entry("full join of tables", (builder, sources) -> sources.leftTable().outerJoin(sources.rightTable(), BOTH).toStream()),
      entry("foreign-key join", (builder, sources) -> sources.leftTable()
          .join(sources.rightTable(), value -> value, BOTH, sources.kept()).toStream()),
      entry("left foreign-key join", (builder, sources) -> sources.leftTable()
          .leftJoin(sources.rightTable(), value -> value, BOTH, sources.kept()).toStream()),
      entry("groups by key", (builder, sources) -> listed(byKey(sources)
          .aggregate(() -> "", Topologies::add, sources.kept()).toStream())),
      entry("groups by value", (builder, sources) -> listed(sources.left()
          .groupBy((key, value) -> value, Grouped.with(TEXT, TEXT))
          .aggregate(() -> "", (group, value, list) -> add(group, value, list), Materialized.with(TEXT, TEXT)).toStream())),
      entry("groups of a table", (builder, sources) -> listed(sources.leftTable()
          .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.with(TEXT, TEXT))
          .aggregate(() -> "", Topologies::add, Topologies::remove, Materialized.with(TEXT, TEXT)).toStream())),
      entry("tumbling windows", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, sources.kept()), false)),
      entry("hopping windows", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(Duration.ofSeconds(3)))
          .aggregate(() -> "", Topologies::add, sources.kept()), false)),
      entry("sessions", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(SessionWindows.ofInactivityGapAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, Topologies::merge, sources.kept()), true)),
      entry("tumbling windows, final", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, sources.kept())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), false)),
      entry("hopping windows, final", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(Duration.ofSeconds(3)))
          .aggregate(() -> "", Topologies::add, sources.kept())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), false)),
      entry("sessions, final", (builder, sources) -> windowed(byKey(sources)
          .windowedBy(SessionWindows.ofInactivityGapAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, Topologies::merge, sources.kept())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), true)),
      entry("groups of a join of streams", (builder, sources) -> listed(sources.left()
          .join(sources.right(), BOTH, within(), sources.joinedStreams())
          .groupByKey(sources.grouped())
          .aggregate(() -> "", Topologies::add, sources.kept()).toStream())),
      entry("join of a stream and groups", (builder, sources) -> sources.left()
          .join(sources.right().groupByKey(sources.grouped())
              .aggregate(() -> "", Topologies::add, sources.kept()).mapValues(Topologies::count), BOTH, sources.joined())),
      entry("three streams, inner and left", (builder, sources) -> sources.left()
          .join(sources.right(), BOTH, within(), sources.joinedStreams())
          .leftJoin(sources.third(), BOTH, within(), sources.joinedStreams())),
      entry("three streams, left and left", (builder, sources) -> sources.left()
          .leftJoin(sources.right(), BOTH, within(), sources.joinedStreams())
          .leftJoin(sources.third(), BOTH, within(), sources.joinedStreams())),
      entry("two streams and a table", (builder, sources) -> sources.left()
          .join(sources.right(), BOTH, within(), sources.joinedStreams())
          .leftJoin(sources.thirdTable(), BOTH, sources.joined())),
      entry("three tables, inner and left", (builder, sources) -> sources.leftTable()
          .join(sources.rightTable(), BOTH).leftJoin(sources.thirdTable(), BOTH).toStream()),
      entry("three tables, left and left", (builder, sources) -> sources.leftTable()
          .leftJoin(sources.rightTable(), BOTH).leftJoin(sources.thirdTable(), BOTH).toStream()),
      entry("three tables, left and inner", (builder, sources) -> sources.leftTable()
          .leftJoin(sources.rightTable(), BOTH).join(sources.thirdTable(), BOTH).toStream()),
      entry("groups of a join of tables", (builder, sources) -> listed(sources.leftTable()
          .join(sources.rightTable(), BOTH)
          .groupBy((key, both) -> KeyValue.pair(both.split("\\|")[0], key + "|" + both.split("\\|")[1]), Grouped.with(TEXT, TEXT))
          .aggregate(() -> "", Topologies::add, Topologies::remove, Materialized.with(TEXT, TEXT)).toStream())),
      entry("hopping windows of a join of streams", (builder, sources) -> windowed(sources.left()
          .join(sources.right(), BOTH, within(), sources.joinedStreams())
          .groupByKey(sources.grouped())
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(Duration.ofSeconds(3)))
          .aggregate(() -> "", Topologies::add, sources.kept()), false)),
      entry("tumbling windows of a left join of streams, final", (builder, sources) -> windowed(sources.left()
          .leftJoin(sources.right(), BOTH, within(), sources.joinedStreams())
          .groupByKey(sources.grouped())
          .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, sources.kept())
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), false)),
      entry("right join of streams", (builder, sources) -> sources.right()
          .leftJoin(sources.left(), BACKWARDS, within(), sources.joinedStreams())),
      entry("right join of tables", (builder, sources) -> sources.rightTable().leftJoin(sources.leftTable(), BACKWARDS).toStream()),
      entry("full join of streams, only after", (builder, sources) -> sources.left()
          .outerJoin(sources.right(), BOTH, within().before(Duration.ZERO).after(Duration.ofSeconds(7)), sources.joinedStreams())),
      entry("join of streams by their values", (builder, sources) -> byValue(sources.left())
          .leftJoin(byValue(sources.right()), BOTH, within(), StreamJoined.with(TEXT, TEXT, TEXT))),
      entry("join of a stream and a join of tables", (builder, sources) -> sources.left()
          .leftJoin(sources.rightTable().leftJoin(sources.thirdTable(), BOTH), BOTH, sources.joined())),
      entry("join of a table that is filtered", (builder, sources) -> sources.leftTable()
          .filter((key, value) -> value.compareTo("c") < 0)
          .leftJoin(sources.rightTable(), BOTH).toStream()),
      entry("groups of a foreign-key join", (builder, sources) -> listed(sources.leftTable()
          .join(sources.rightTable(), value -> value, BOTH, sources.kept())
          .groupBy((key, both) -> KeyValue.pair(both.split("\\|")[0], key + "|" + both.split("\\|")[1]), Grouped.with(TEXT, TEXT))
          .aggregate(() -> "", Topologies::add, Topologies::remove, Materialized.with(TEXT, TEXT)).toStream())),
      entry("groups of groups", (builder, sources) -> listed(counted(sources, sources.left()).toStream().toTable(sources.kept())
          .groupBy((key, count) -> KeyValue.pair(count, key), Grouped.with(TEXT, TEXT))
          .aggregate(() -> "", Topologies::add, Topologies::remove, Materialized.with(TEXT, TEXT)).toStream())),
      entry("sessions of a join of a stream and a table", (builder, sources) -> windowed(sources.left()
          .join(sources.rightTable(), BOTH, sources.joined())
          .groupByKey(sources.grouped())
          .windowedBy(SessionWindows.ofInactivityGapAndGrace(SIZE, GRACE))
          .aggregate(() -> "", Topologies::add, Topologies::merge, sources.kept()), true)),
      entry("tumbling windows by value, final, no grace", (builder, sources) -> windowed(byValue(sources.left())
          .groupByKey(Grouped.with(TEXT, TEXT))
          .windowedBy(TimeWindows.ofSizeWithNoGrace(SIZE))
          .aggregate(() -> "", Topologies::add, Materialized.with(TEXT, TEXT))
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())), false)),
      entry("join of two tables of groups", (builder, sources) -> counted(sources, sources.left())
          .leftJoin(counted(sources, sources.right()), BOTH).toStream()));

  private static final class Sources {
    private final StreamsBuilder builder;
    private final Set<String> intKeys;

    Sources(StreamsBuilder builder, Set<String> intKeys) {
      this.builder = builder;
      this.intKeys = intKeys;
    }

    Serde<String> keys(String topic) {
      return intKeys.contains(topic) ? INTS : TEXT;
    }

    private KStream<String, String> stream(String topic) {
      return builder.stream(topic, Consumed.with(keys(topic), TEXT));
    }

    private KTable<String, String> table(String topic) {
      return builder.table(topic, Consumed.with(keys(topic), TEXT));
    }

    KStream<String, String> left() {
      return stream("l");
    }

    KStream<String, String> right() {
      return stream("r");
    }

    KStream<String, String> third() {
      return stream("t");
    }

    KTable<String, String> leftTable() {
      return table("l");
    }

    KTable<String, String> rightTable() {
      return table("r");
    }

    KTable<String, String> thirdTable() {
      return table("t");
    }

    Grouped<String, String> grouped() {
      return Grouped.with(keys("l"), TEXT);
    }

    <Store extends StateStore> Materialized<String, String, Store> kept() {
      return Materialized.with(keys("l"), TEXT);
    }

    StreamJoined<String, String, String> joinedStreams() {
      return StreamJoined.with(keys("l"), TEXT, TEXT);
    }

    Joined<String, String, String> joined() {
      return Joined.with(keys("l"), TEXT, TEXT);
    }
  }

  private static JoinWindows within() {
    return JoinWindows.ofTimeDifferenceAndGrace(SIZE, GRACE);
  }

  private static KGroupedStream<String, String> byKey(Sources sources) {
    // ksqlDB has no groups of rows without a value; windows of Kafka Streams do.
    return sources.left().filter((key, value) -> value != null).groupByKey(sources.grouped());
  }

  private static KTable<String, String> counted(Sources sources, KStream<String, String> stream) {
    return stream.groupByKey(sources.grouped()).aggregate(() -> "", Topologies::add, sources.kept()).mapValues(Topologies::count);
  }

  private static KStream<String, String> byValue(KStream<String, String> stream) {
    return stream.filter((key, value) -> value != null).map((key, value) -> KeyValue.pair(value, shown(key)));
  }

  private static String shown(String value) {
    return value == null ? "-" : value;
  }

  private static String add(String group, String value, String list) {
    return list.isEmpty() ? value : list + "," + value;
  }

  private static String remove(String group, String value, String list) {
    List<String> parts = new ArrayList<>(Arrays.asList(list.split(",")));
    parts.remove(parts.lastIndexOf(value));
    return String.join(",", parts);
  }

  private static String merge(String group, String left, String right) {
    return left.isEmpty() ? right : right.isEmpty() ? left : left + "," + right;
  }

  private static String count(String list) {
    return String.valueOf(list.isEmpty() ? 0 : list.split(",").length);
  }

  private static KStream<String, String> listed(KStream<String, String> lists) {
    return lists.mapValues(list -> list == null ? null : count(list) + "|" + list);
  }

  private static KStream<String, String> windowed(KTable<Windowed<String>, String> table, boolean sessions) {
    return listed(table.toStream((windowed, list) -> windowed.key() + "@" + windowed.window().start()
        + (sessions ? ".." + windowed.window().end() : "")));
  }

  public static void main(String[] args) throws Exception {
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
    int number = 0;
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      Object answer;
      try {
        answer = run(JSON.readTree(line), Path.of(args[0], String.valueOf(number++)));
      } catch (Exception failure) {
        answer = Map.of("failure", failure.toString());
      }
      System.out.println(JSON.writeValueAsString(answer));
    }
  }

  private static Object run(JsonNode request, Path state) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "topologies");
    settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
    settings.put(StreamsConfig.DEFAULT_DSL_STORE_CONFIG, StreamsConfig.IN_MEMORY);
    // Rows without a partner come out as soon as stream time says so, whatever the clock.
    settings.put("__emit.interval.ms.kstreams.outer.join.spurious.results.fix__", "0");
    StreamsBuilder builder = new StreamsBuilder();
    Set<String> intKeys = new java.util.HashSet<>();
    request.path("intKeys").forEach(topic -> intKeys.add(topic.asText()));
    Sources sources = new Sources(builder, intKeys);
    PROGRAMS.get(request.get("program").asText()).apply(builder, sources).to("o", Produced.with(TEXT, TEXT));
    try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), settings, Instant.EPOCH)) {
      Map<String, TestInputTopic<String, String>> inputs = new java.util.HashMap<>();
      List<Map<String, Object>> records = new ArrayList<>();
      var output = driver.createOutputTopic("o", new StringDeserializer(), new StringDeserializer());
      for (JsonNode record : request.get("records")) {
        inputs.computeIfAbsent(record.get("topic").asText(),
            topic -> driver.createInputTopic(topic, sources.keys(topic).serializer(), new StringSerializer()))
            .pipeInput(text(record, "key"), text(record, "value"), record.get("timestampMs").asLong());
      }
      for (TestRecord<String, String> record : output.readRecordsToList()) {
        Map<String, Object> shown = new java.util.LinkedHashMap<>();
        shown.put("key", record.key());
        shown.put("value", record.value());
        shown.put("timestampMs", record.timestamp());
        records.add(shown);
      }
      return records;
    }
  }

  private static String text(JsonNode record, String name) {
    JsonNode value = record.get(name);
    return value == null || value.isNull() ? null : value.asText();
  }
}
