import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
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
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/**
 * What the statements of ksqldb.ts do, written by hand: one thread, no cache, Jackson. Arguments: bootstrap servers, program
 * (filter, count, join, sum, avro, foreign), state folder, source topic, table's topic, sink, Avro schema of the source's values.
 * Ends when its standard input does.
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

    /** Confluent's wire format: a zero, the schema's number, the bytes. */
    private static Serde<GenericRecord> avro(Schema schema) {
        GenericDatumWriter<GenericRecord> writer = new GenericDatumWriter<>(schema);
        GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
        return Serdes.serdeFrom(
            (topic, record) -> {
                try {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    out.write(ByteBuffer.allocate(5).putInt(1, 1).array());
                    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
                    writer.write(record, encoder);
                    encoder.flush();
                    return out.toByteArray();
                } catch (Exception failure) { throw new RuntimeException(failure); }
            },
            (topic, bytes) -> {
                try {
                    return reader.read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
                } catch (Exception failure) { throw new RuntimeException(failure); }
            });
    }

    private static void filterAvro(StreamsBuilder builder, String from, String to, String schemaText) {
        Schema schema = new Schema.Parser().parse(schemaText);
        Schema projected = Schema.createRecord("Projected", null, "bench", false,
            List.of("ID", "NAME", "PRICE").stream().map(name -> new Schema.Field(name, schema.getField(name).schema())).toList());
        builder.stream(from, Consumed.with(Serdes.String(), avro(schema)))
            .filter((key, value) -> (Integer) value.get("QTY") > 10)
            .mapValues(value -> {
                GenericRecord out = new GenericData.Record(projected);
                for (Schema.Field field : projected.getFields()) out.put(field.pos(), value.get(field.name()));
                return out;
            })
            .to(to, Produced.with(Serdes.String(), avro(projected)));
    }

    private static JsonNode labelled(JsonNode value, JsonNode row) {
        ObjectNode out = MAPPER.createObjectNode();
        out.set("NAME", value.get("NAME"));
        out.set("PRICE", value.get("PRICE"));
        out.set("LABEL", row.get("LABEL"));
        return out;
    }

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
        KTable<String, JsonNode> table = args[1].equals("join") || args[1].equals("foreign")
            ? builder.table(args[4], Consumed.with(Serdes.String(), JSON), Materialized.with(Serdes.String(), JSON)) : null;
        KStream<String, JsonNode> source = args[1].equals("avro") || args[1].equals("foreign")
            ? null : builder.stream(args[3], Consumed.with(Serdes.String(), JSON));
        Produced<String, JsonNode> produced = Produced.with(Serdes.String(), JSON);
        switch (args[1]) {
            case "filter" -> source.filter((key, value) -> value.get("QTY").asInt() > 10)
                .mapValues(StreamsRate::project).to(args[5], produced);
            case "count" -> source.groupBy((key, value) -> value.get("CATEGORY").asText(), Grouped.with(Serdes.String(), JSON))
                .count(Materialized.with(Serdes.String(), Serdes.Long())).toStream()
                .map((key, count) -> KeyValue.pair(key, (JsonNode) MAPPER.createObjectNode().put("N", count))).to(args[5], produced);
            case "sum" -> source.groupBy((key, value) -> value.get("ID").asLong(), Grouped.with(Serdes.Long(), JSON))
                .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofHours(1)))
                .aggregate(() -> 0, (key, value, total) -> total + value.get("QTY").asInt(), Materialized.with(Serdes.Long(), Serdes.Integer()))
                .toStream().mapValues(total -> (JsonNode) MAPPER.createObjectNode().put("N", total))
                .to(args[5], Produced.with(WindowedSerdes.timeWindowedSerdeFrom(Long.class, Duration.ofHours(1).toMillis()), JSON));
            case "avro" -> filterAvro(builder, args[3], args[5], args[6]);
            case "foreign" -> builder.table(args[3], Consumed.with(Serdes.String(), JSON), Materialized.with(Serdes.String(), JSON))
                .join(table, value -> value.get("REF").asText(), StreamsRate::labelled, Materialized.with(Serdes.String(), JSON))
                .toStream().to(args[5], produced);
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
