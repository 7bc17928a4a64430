import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../../src/protocol/kafka/codec.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { saslHandshake } from '../../../../src/protocol/kafka/messages/sasl-handshake.js';
import { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

/** The message of a login, as clients of before Kafka 1.0 send it: with nothing but its length. */
function bare(text: string): Buffer {
  const message = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(message.length);
  return Buffer.concat([size, message]);
}

async function handshake(): Promise<RawClient> {
  const broker = await TestBroker.start({
    listeners: [{ name: 'SASL', sasl: ['PLAIN'] }],
    users: [{ name: 'anna', password: 'secret' }],
  });
  const client = await RawClient.open(broker.listeners.SASL ?? '');
  expect((await client.send(saslHandshake, 0, { mechanism: 'PLAIN' })).errorCode).toBe(0);
  return client;
}

describe('a login after SaslHandshake version 0', () => {
  it('goes without requests around it', async () => {
    const client = await handshake();
    expect(await client.sendBytes(bare('\0anna\0secret'))).toHaveLength(0);
    expect((await client.send(metadata, 12, { topics: null })).brokers).toHaveLength(1);
    client.close();
  });

  it('ends the connection where it fails, and where a request comes instead', async () => {
    const wrong = await handshake();
    await expect(wrong.sendBytes(bare('\0anna\0guess'))).rejects.toThrow('closed the connection');
    const impatient = await handshake();
    const request = encodeRequest(metadata, 12, { correlationId: 1, clientId: null }, { topics: null });
    await expect(impatient.sendBytes(Buffer.concat(request))).rejects.toThrow('closed the connection');
  });
});
