/** The release of Kafka Connect whose API this is. */
export const KAFKA_VERSION = '4.1.1';
export const KAFKA_COMMIT = '4.1.1-evpipe';
