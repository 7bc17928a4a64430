import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Transactions of ten records each, one after the other. Arguments: bootstrap servers, topic, transactions. The first
 * third warms up and does not count. Prints transactions per second.
 */
public final class TransactionRate {
    public static void main(String[] args) {
        int transactions = Integer.parseInt(args[2]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("transactional.id", args[1]);
        settings.put("linger.ms", "0");
        byte[] value = new byte[100];
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            long begin = 0;
            for (int done = 0; done < transactions; done++) {
                if (done == transactions / 3) begin = System.nanoTime();
                producer.beginTransaction();
                for (int at = 0; at < 10; at++) producer.send(new ProducerRecord<>(args[1], value));
                producer.commitTransaction();
            }
            System.out.println((transactions - transactions / 3) / ((System.nanoTime() - begin) / 1e9));
        }
    }
}
