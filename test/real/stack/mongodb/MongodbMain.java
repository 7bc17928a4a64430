import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.ServerVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** Says which port it listens on. It speaks more of the protocol than it admits to: the driver wants version 9 (MongoDB 4.4). */
public class MongodbMain {
  public static void main(String[] arguments) throws Exception {
    var version = ServerVersion.class.getDeclaredField("wireVersion");
    version.setAccessible(true);
    version.setInt(ServerVersion.MONGO_5_0, 9);
    var server = new MongoServer(new MemoryBackend().version(ServerVersion.MONGO_5_0));
    System.out.println("listens on " + server.bind().getPort());
  }
}
