import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * What the statements of ksqldb.ts do, written by hand: one thread, no cache, Jackson. Arguments: bootstrap servers, program
 * (filter, count, join), state folder, source topic, table's topic, sink. Ends when its standard input does.
 */
public final class StreamsRate {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final Serde<JsonNode> JSON = Serdes.serdeFrom(
        (topic, node) -> {
            try { return node == null ? null : MAPPER.writeValueAsBytes(node); } catch (Exception failure) { throw new RuntimeException(failure); }
        },
        (topic, bytes) -> {
            try { return bytes == null ? null : MAPPER.readTree(bytes); } catch (Exception failure) { throw new RuntimeException(failure); }
        });

    private static JsonNode project(JsonNode value) {
        ObjectNode out = MAPPER.createObjectNode();
        out.set("ID", value.get("ID"));
        out.set("NAME", value.get("NAME"));
        out.set("PRICE", value.get("PRICE"));
        return out;
    }

    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[5]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[2]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, "1");
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        KTable<String, JsonNode> table = args[1].equals("join")
            ? builder.table(args[4], Consumed.with(Serdes.String(), JSON), Materialized.with(Serdes.String(), JSON)) : null;
        KStream<String, JsonNode> source = builder.stream(args[3], Consumed.with(Serdes.String(), JSON));
        Produced<String, JsonNode> produced = Produced.with(Serdes.String(), JSON);
        switch (args[1]) {
            case "filter" -> source.filter((key, value) -> value.get("QTY").asInt() > 10)
                .mapValues(StreamsRate::project).to(args[5], produced);
            case "count" -> source.groupBy((key, value) -> value.get("CATEGORY").asText(), Grouped.with(Serdes.String(), JSON))
                .count(Materialized.with(Serdes.String(), Serdes.Long())).toStream()
                .map((key, count) -> KeyValue.pair(key, (JsonNode) MAPPER.createObjectNode().put("N", count))).to(args[5], produced);
            default -> source.join(table, (value, row) -> {
                ObjectNode out = (ObjectNode) project(value);
                out.set("LABEL", row.get("LABEL"));
                return (JsonNode) out;
            }, Joined.with(Serdes.String(), JSON, JSON)).to(args[5], produced);
        }
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        while (System.in.read() >= 0);
        streams.close(Duration.ofSeconds(10));
    }
}
