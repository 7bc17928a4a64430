import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * From send() to poll() of one reader of all partitions, in microseconds, at a fixed rate over all partitions in turn.
 * Arguments: bootstrap servers, topic, records per second, records. The first third warms up and does not count.
 * Prints the 50th and the 99th percentile.
 */
public final class ReadLatency {
    public static void main(String[] args) throws Exception {
        int perSecond = Integer.parseInt(args[2]);
        int records = Integer.parseInt(args[3]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("acks", "1");
        settings.put("linger.ms", "0");
        long[] latencies = new long[records];
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            var partitions = consumer.partitionsFor(args[1]).stream().map(one -> new TopicPartition(args[1], one.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            for (TopicPartition partition : partitions) consumer.position(partition);
            Thread sender = new Thread(() -> send(producer, args[1], partitions.size(), perSecond, records));
            sender.start();
            for (int seen = 0; seen < records; ) {
                for (var record : consumer.poll(Duration.ofSeconds(10))) {
                    latencies[seen++] = System.nanoTime() - ByteBuffer.wrap(record.value()).getLong();
                }
            }
            sender.join();
        }
        long[] counted = Arrays.copyOfRange(latencies, records / 3, records);
        Arrays.sort(counted);
        System.out.println(counted[counted.length / 2] / 1000 + " " + counted[counted.length * 99 / 100] / 1000);
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int partitions, int perSecond, int records) {
        long begin = System.nanoTime();
        for (int at = 0; at < records; at++) {
            long due = begin + at * 1_000_000_000L / perSecond;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) LockSupport.parkNanos(left);
            byte[] value = ByteBuffer.allocate(100).putLong(System.nanoTime()).array();
            producer.send(new ProducerRecord<>(topic, at % partitions, null, value));
        }
    }
}
