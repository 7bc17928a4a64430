import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Exit;

/**
 * Apache's tools and clients in one JVM, so that a test file pays for its start once. Reads requests from standard
 * input, one line of JSON each, and answers each with one line:
 *
 *   {"tool": "org.apache.kafka.tools.TopicCommand", "args": [...], "input": "..."} → {"out", "err", "code"}
 *   {"scenario": "Transactions.fencing", "bootstrap": "host:port", "options": {...}} → {"result"} or {"failure"}
 *
 * A scenario is a public static method that takes a Cluster and returns something Jackson can write.
 */
public final class Driver {
  private static final ObjectMapper JSON = new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

  /** Begins the lines that are answers: some tools hold on to the standard output they found first. */
  private static final String ANSWER = "answer ";

  /** The code of the first exit of the tool that runs; what it does after that doesn't count. */
  private static volatile Integer exit;

  /** What a tool ends with instead of ending the JVM. */
  private static final class Ended extends RuntimeException {
    Ended(int code) {
      super("exit " + code, null, false, false);
    }
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
    Exit.setExitProcedure((code, message) -> end(code));
    Exit.setHaltProcedure((code, message) -> end(code));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      JsonNode request = JSON.readTree(line);
      Object answer = request.has("tool") ? tool(request) : scenario(request);
      answers.println(ANSWER + JSON.writeValueAsString(answer));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void end(int code) {
    if (exit == null) exit = code;
    throw new Ended(code);
  }

  private static Map<String, Object> tool(JsonNode request) throws Exception {
    List<String> args = new ArrayList<>();
    request.get("args").forEach(arg -> args.add(arg.asText()));
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    ByteArrayOutputStream complaints = new ByteArrayOutputStream();
    exit = null;
    boolean failed = false;
    System.setOut(new PrintStream(captured, true));
    System.setErr(new PrintStream(complaints, true));
    System.setIn(new ByteArrayInputStream(request.path("input").asText("").getBytes("UTF-8")));
    try {
      Class.forName(request.get("tool").asText()).getMethod("main", String[].class).invoke(null, (Object) args.toArray(new String[0]));
    } catch (InvocationTargetException thrown) {
      if (!(thrown.getCause() instanceof Ended)) {
        thrown.getCause().printStackTrace();
        failed = true;
      }
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("out", captured.toString("UTF-8"));
    answer.put("err", complaints.toString("UTF-8"));
    answer.put("code", exit != null ? exit : failed ? 1 : 0);
    return answer;
  }

  private static Map<String, Object> scenario(JsonNode request) {
    String[] name = request.get("scenario").asText().split("\\.");
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      Map<?, ?> options = JSON.convertValue(request.path("options"), Map.class);
      try (Cluster cluster = new Cluster(request.get("bootstrap").asText(), options == null ? Map.of() : options)) {
        answer.put("result", Class.forName(name[0]).getMethod(name[1], Cluster.class).invoke(null, cluster));
      }
    } catch (Throwable thrown) {
      Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
      StringBuilder text = new StringBuilder();
      for (Throwable one = cause; one != null; one = one.getCause()) {
        text.append(one).append('\n');
        for (StackTraceElement frame : one.getStackTrace()) {
          if (frame.getFileName() != null && !frame.getClassName().startsWith("java.") && !frame.getClassName().startsWith("jdk.")) {
            text.append("  ").append(frame).append('\n');
          }
        }
      }
      answer.put("failure", text.toString());
    }
    return answer;
  }
}
