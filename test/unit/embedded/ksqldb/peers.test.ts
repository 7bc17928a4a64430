import { expect, it } from 'vitest';
import { Peers } from '../../../../src/embedded/ksqldb/peers.js';

const engine = (machine: string, address: string) => ({ name: `${machine}-${address}`, address, machine });

it('asks no engine of another machine by a loopback address: that would be one of this machine', async () => {
  const others = [engine('there', '127.0.0.1:8088')];
  const peers = new Peers({ self: engine('here', '127.0.0.1:8088'), others }, undefined);
  expect(await peers.askAll('/host-status', {})).toEqual([{ member: others[0], why: 'it answers only on there' }]);
});
