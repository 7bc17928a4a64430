/** Bytes that are no Kafka message: the connection that sent them ends, nothing else does. */
export class MalformedMessage extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedMessage';
  }
}
