import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Runs the real transforms over records: a JSON case a line comes in, what becomes of its record goes out. Keys, values and
 * header values are envelopes of the real JsonConverter, so that schemas are compared too.
 */
public class Transforms {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonConverter CONVERTER = new JsonConverter();

    public static void main(String[] args) throws Exception {
        CONVERTER.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var answers = new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
        }
    }

    private static JsonNode answer(JsonNode given) throws Exception {
        @SuppressWarnings("unchecked")
        var transform = (Transformation<SourceRecord>) Class.forName(given.get("type").asText()).getDeclaredConstructor().newInstance();
        if (given.has("describe")) return described(transform);
        Map<String, String> options = new HashMap<>();
        given.get("options").properties().forEach(option -> options.put(option.getKey(), option.getValue().asText()));
        try {
            transform.configure(options);
            return told(transform.apply(record(given)));
        }
        catch (Exception failure) {
            return JSON.createObjectNode().put("failure", failure.getClass().getName()).put("message", failure.getMessage());
        }
    }

    private static SourceRecord record(JsonNode given) throws Exception {
        var headers = new ConnectHeaders();
        for (JsonNode header : given.get("headers")) headers.add(header.get(0).asText(), read(header.get(1)));
        SchemaAndValue key = read(given.get("key"));
        SchemaAndValue value = read(given.get("value"));
        Long timestamp = given.get("timestamp").isNull() ? null : given.get("timestamp").asLong();
        return new SourceRecord(Map.of(), Map.of(), given.get("topic").asText(), null, key.schema(), key.value(), value.schema(),
                value.value(), timestamp, headers);
    }

    private static SchemaAndValue read(JsonNode envelope) throws Exception {
        return CONVERTER.toConnectData("t", envelope.isNull() ? null : JSON.writeValueAsBytes(envelope));
    }

    private static JsonNode told(SourceRecord record) throws Exception {
        ObjectNode answer = JSON.createObjectNode();
        if (record == null) return answer.put("dropped", true);
        answer.put("topic", record.topic()).put("partition", record.kafkaPartition()).put("timestamp", record.timestamp());
        answer.set("key", written(new SchemaAndValue(record.keySchema(), record.key())));
        answer.set("value", written(new SchemaAndValue(record.valueSchema(), record.value())));
        var headers = answer.putArray("headers");
        for (var header : record.headers()) {
            headers.addArray().add(header.key()).add(written(new SchemaAndValue(header.schema(), header.value())));
        }
        return answer;
    }

    private static JsonNode written(SchemaAndValue data) throws Exception {
        byte[] bytes = CONVERTER.fromConnectData("t", data.schema(), data.value());
        return bytes == null ? null : JSON.readTree(bytes);
    }

    private static JsonNode described(Transformation<?> transform) {
        ObjectNode options = JSON.createObjectNode();
        for (ConfigDef.ConfigKey key : transform.config().configKeys().values()) {
            var option = options.putObject(key.name).put("type", key.type.name()).put("importance", key.importance.name());
            if (key.hasDefault()) option.put("default", ConfigDef.convertToString(key.defaultValue, key.type));
        }
        return options;
    }
}
