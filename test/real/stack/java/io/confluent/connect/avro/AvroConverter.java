package io.confluent.connect.avro;

import java.util.HashMap;
import java.util.Map;

/**
 * Stands in for Confluent's converter of this name, so that connector configs stay as users write them: Apicurio's
 * converter, framing as Confluent does (a zero byte, four bytes of content id), configured by Confluent's options.
 *
 * <p>Supported: schema.registry.url, auto.register.schemas (default true), use.latest.version, connect.meta.data,
 * enhanced.avro.schema.support. The subject is topic-key or topic-value. Other options reach Apicurio's as they are.
 */
public class AvroConverter extends io.apicurio.registry.utils.converter.AvroConverter<Object> {
  @Override
  public void configure(Map<String, ?> given, boolean isKey) {
    Map<String, Object> config = new HashMap<>(given);
    String url = String.valueOf(given.get("schema.registry.url")).split(",")[0].replaceAll("/+$", "");
    config.putIfAbsent("apicurio.registry.url", url.replaceAll("/apis/.*$", "") + "/apis/registry/v2");
    config.putIfAbsent("apicurio.registry.auto-register", textOr(given, "auto.register.schemas", "true"));
    config.putIfAbsent("apicurio.registry.find-latest", textOr(given, "use.latest.version", "false"));
    config.put("apicurio.registry.as-confluent", "true");
    config.put("apicurio.registry.use-id", "contentId");
    config.put("apicurio.registry.headers.enabled", "false");
    super.configure(config, isKey);
  }

  private static String textOr(Map<String, ?> given, String name, String otherwise) {
    Object value = given.get(name);
    return value == null ? otherwise : String.valueOf(value);
  }
}
