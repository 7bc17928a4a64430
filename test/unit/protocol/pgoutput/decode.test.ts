import { describe, expect, it } from 'vitest';
import { decodePgoutput } from '../../../../src/protocol/pgoutput/decode.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

describe('pgoutput messages', () => {
  it('begin and commit carry positions as 64-bit numbers and times since 1970', () => {
    expect(decodePgoutput(bytes('42 0000000001B86A48 0000000000000001 0000033E'))).toEqual({
      kind: 'begin',
      finalLsn: 0x1b86a48n,
      commitTimeUs: 946_684_800_000_001,
      xid: 830,
    });
    expect(decodePgoutput(bytes('43 00 0000000001B86A48 0000000001B86A78 FFFFFFFFFFFFFFFF'))).toEqual({
      kind: 'commit',
      commitLsn: 0x1b86a48n,
      endLsn: 0x1b86a78n,
      commitTimeUs: 946_684_799_999_999,
    });
  });

  it('a relation names its columns, their types, and which of them identify a row', () => {
    expect(
      decodePgoutput(
        bytes('52 00004001 7075626C696300 7400 64 0002 01 696400 00000017 FFFFFFFF 00 7600 00000413 00000018'),
      ),
    ).toEqual({
      kind: 'relation',
      id: 0x4001,
      namespace: 'public',
      name: 't',
      replicaIdentity: 'd',
      columns: [
        { name: 'id', typeOid: 23, typeModifier: -1, isKey: true },
        { name: 'v', typeOid: 1043, typeModifier: 24, isKey: false },
      ],
    });
  });

  it('rows have text, null, and what was not sent', () => {
    expect(decodePgoutput(bytes('49 00004001 4E 0003 74 00000001 35 6E 75'))).toEqual({
      kind: 'insert',
      relationId: 0x4001,
      after: ['5', null, undefined],
    });
    expect(decodePgoutput(bytes('55 00004001 4B 0001 74 00000001 35 4E 0001 74 00000002 C3BC'))).toEqual({
      kind: 'update',
      relationId: 0x4001,
      beforeHolds: 'key',
      before: ['5'],
      after: ['ü'],
    });
    expect(decodePgoutput(bytes('44 00004001 4F 0001 6E'))).toMatchObject({
      kind: 'delete',
      beforeHolds: 'row',
      before: [null],
    });
    expect(decodePgoutput(bytes('54 00000002 01 00000007 00000008'))).toEqual({
      kind: 'truncate',
      relationIds: [7, 8],
    });
  });

  it('a logical message keeps its content after the buffer is gone', () => {
    const wire = bytes('4D 01 0000000000000010 657670697065 00 00000002 6869');
    const message = decodePgoutput(wire);
    wire.fill(0);
    expect(message).toEqual({
      kind: 'message',
      transactional: true,
      lsn: 16n,
      prefix: 'evpipe',
      content: Buffer.from('hi'),
    });
  });

  it('damaged messages throw and never hang or read beyond their end', () => {
    const samples = [
      '52 00004001 7075626C696300 7400 64 0002 01 696400 00000017 FFFFFFFF',
      '49 00004001 4E 0003 74 00000001 35 6E 75',
      '54 00000002 01 00000007 00000008',
    ];
    for (const sample of samples) {
      const whole = bytes(sample);
      for (let length = 0; length < whole.length; length++) {
        expect(() => decodePgoutput(whole.subarray(0, length)), `${sample} cut at ${length}`).toThrow();
      }
    }
  });
});
