import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shortageOfRoom, withPlace } from '../../../src/support/disk-room.js';

/** Only root may mount a small disk. */
const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

it.runIf(MAY_MOUNT)('says that a disk is full and where, and nothing once there is room again', () => {
  const disk = mkdtempSync(join(tmpdir(), 'evpipe-room-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'none', disk]);
  try {
    expect(shortageOfRoom(disk)).toBeUndefined();
    writeFileSync(join(disk, 'filler'), Buffer.alloc(5 * 1024 ** 2, 1));
    expect(shortageOfRoom(disk)).toBe(`no space left on device: 15360 KB free at ${disk}`);
    rmSync(join(disk, 'filler'));
    expect(shortageOfRoom(disk)).toBeUndefined();
  } finally {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  }
});

it('has nothing to say of a folder that is not there', () => {
  expect(shortageOfRoom(join(tmpdir(), 'evpipe-room-none'))).toBeUndefined();
});

it('says where nothing could be written, which the system leaves out', () => {
  const failure = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(withPlace(failure, '/data/shop')).toMatchObject({
    code: 'EVPIPE_DISK_FULL',
    message: "no space left on device: can't write below /data/shop",
  });
  const other = new Error('other');
  expect(withPlace(other, '/data/shop')).toBe(other);
});
