import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.debezium.converters.CloudEventsConverter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * Runs the real CloudEventsConverter: a JSON case a line comes in, the bytes of its value go out, or what they are read as. Values
 * are envelopes of the real JsonConverter, so that schemas are compared too.
 */
public class CloudEvents {
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

    private static JsonNode answer(JsonNode given) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            var converter = new CloudEventsConverter();
            Map<String, String> options = new HashMap<>();
            given.get("options").properties().forEach(option -> options.put(option.getKey(), option.getValue().asText()));
            converter.configure(options, false);
            String topic = given.get("topic").asText();
            if (given.has("bytes")) return read(converter.toConnectData(topic, HexFormat.of().parseHex(given.get("bytes").asText())));
            var headers = new RecordHeaders();
            for (JsonNode header : given.get("headers")) headers.add(header.get(0).asText(), JSON.writeValueAsBytes(header.get(1)));
            JsonNode value = given.get("value");
            SchemaAndValue data = value.isNull() ? SchemaAndValue.NULL : CONVERTER.toConnectData("t", JSON.writeValueAsBytes(value));
            byte[] bytes = converter.fromConnectData(topic, headers, data.schema(), data.value());
            return answer.put("bytes", bytes == null ? null : HexFormat.of().formatHex(bytes));
        }
        catch (Exception failure) {
            return answer.put("failure", failure.getClass().getName()).put("message", failure.getMessage());
        }
    }

    private static JsonNode read(SchemaAndValue data) throws Exception {
        byte[] bytes = CONVERTER.fromConnectData("t", data.schema(), data.value());
        return JSON.createObjectNode().set("read", bytes == null ? null : JSON.readTree(bytes));
    }
}
