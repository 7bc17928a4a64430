/** Bytes that are not AMQP. The connection that sent them ends with 501 FRAME_ERROR or 502 SYNTAX_ERROR. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';

  constructor(
    message: string,
    /** The reply code for the peer. */
    readonly replyCode: 501 | 502 = 502,
  ) {
    super(message);
  }
}
