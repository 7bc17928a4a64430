import java.sql.DriverManager;
import java.sql.SQLException;

/** For each JDBC URL: `TLS` or `plain`, as PostgreSQL saw the connection, or `refused` where the driver made none. */
public final class Transport {
  public static void main(String[] urls) throws Exception {
    DriverManager.setLoginTimeout(20);
    for (String url : urls) System.out.println(transportOf(url));
  }

  private static String transportOf(String url) {
    String user = System.getenv("PGUSER");
    String password = System.getenv("PGPASSWORD");
    try (var connection = DriverManager.getConnection(url, user, password);
        var statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
      rows.next();
      return rows.getBoolean(1) ? "TLS" : "plain";
    } catch (SQLException refusal) {
      return "refused";
    }
  }
}
