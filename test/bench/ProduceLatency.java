import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * From send() to its acknowledgement, in microseconds, at a fixed rate: ProducerPerformance prints whole milliseconds
 * only. Arguments: bootstrap servers, topic, records per second, records. The first third warms up and does not count.
 * Prints the 50th and the 99th percentile.
 */
public final class ProduceLatency {
    public static void main(String[] args) throws Exception {
        int perSecond = Integer.parseInt(args[2]);
        int records = Integer.parseInt(args[3]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "all");
        settings.put("linger.ms", "0");
        long[] latencies = new long[records];
        CountDownLatch done = new CountDownLatch(records);
        AtomicLong failures = new AtomicLong();
        byte[] value = new byte[100];
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.partitionsFor(args[1]);
            long begin = System.nanoTime();
            for (int at = 0; at < records; at++) {
                long due = begin + at * 1_000_000_000L / perSecond;
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                int index = at;
                long sent = System.nanoTime();
                producer.send(new ProducerRecord<>(args[1], value), (metadata, failure) -> {
                    latencies[index] = System.nanoTime() - sent;
                    if (failure != null) failures.incrementAndGet();
                    done.countDown();
                });
            }
            done.await();
        }
        if (failures.get() > 0) throw new IllegalStateException(failures.get() + " records were refused");
        long[] counted = Arrays.copyOfRange(latencies, records / 3, records);
        Arrays.sort(counted);
        System.out.println(counted[counted.length / 2] / 1000 + " " + counted[counted.length * 99 / 100] / 1000);
    }
}
