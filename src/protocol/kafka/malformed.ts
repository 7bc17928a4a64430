/** Bytes that are not a Kafka message. Only the connection that sent them ends. */
export class MalformedMessage extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedMessage';
  }
}
