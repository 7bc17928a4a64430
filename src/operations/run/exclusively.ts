import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Ledger, type LedgerView, openLedger, readLedger } from '../../kinds/ledger/ledger.js';
import { isLedgerShared } from '../../kinds/ledger/places.js';
import type { Session } from '../../kinds/session.js';
import { withPlace } from '../../support/disk-room.js';
import { EvpipeError } from '../../support/errors.js';
import { takeRunLock } from '../../targets/run-lock.js';

/** The claim of a run on another machine ends by itself this long after its last renewal: longer than clocks are apart. */
const CLAIM_MS = 60_000;
const RENEWED_EVERY_MS = 15_000;

interface Claim {
  readonly host: string;
  readonly pid: number;
  readonly stateFolder: string;
  /** Milliseconds since 1970. */
  readonly untilMs: number;
}

const claimKey = (id: string): string => `lock/${id}`;

/**
 * Does work that changes things while no other evpipe changes this pipeline: neither on this machine (a lock of the kernel's on
 * the state folder) nor, where the ledger is on a server with an address, on any other (a claim in the ledger). Throws EVPIPE_ALREADY_RUNNING,
 * EVPIPE_LOCKED.
 */
export async function exclusively<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { stateFolder } = session.pipeline;
  try {
    const release = takeRunLock(stateFolder);
    try {
      if (!isLedgerShared(session)) return await work();
      return await withClaim(session, work);
    } finally {
      release();
    }
  } catch (failure) {
    throw withPlace(failure, stateFolder);
  }
}

/** What there is to say of the ledger is said when the session reads it. */
const quietly = (): void => {};

async function withClaim<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { pipeline } = session;
  // Of its own: the session's is read once the claim holds, and so knows all that the run before has noted.
  const ledger = await openLedger({ ...session, emit: quietly });
  const key = claimKey(randomUUID());
  const renew = (): Promise<void> => ledger.put(key, claimOf(pipeline.stateFolder));
  await renew();
  // A renewal that fails is made up for by the next; where the server stays away, the work fails too.
  const timer = setInterval(() => void renew().catch(() => undefined), RENEWED_EVERY_MS);
  try {
    // Of two that claim at once at least one sees the other: each reads after its own claim is acknowledged.
    await refuseOthers(await readLedger({ ...session, emit: quietly }), key, ledger, session);
    return await work();
  } finally {
    clearInterval(timer);
    await ledger.forget(key).finally(() => ledger.close());
  }
}

const claimOf = (stateFolder: string): Claim => ({
  host: hostname(),
  pid: process.pid,
  stateFolder,
  untilMs: Date.now() + CLAIM_MS,
});

async function refuseOthers(entries: LedgerView, own: string, ledger: Ledger, { pipeline }: Session): Promise<void> {
  for (const key of entries.keys(claimKey(''))) {
    const claim = entries.get<Claim>(key);
    if (claim === undefined || key === own) continue;
    // Whoever held this machine's lock, which this run holds now, is gone.
    const isDead = claim.host === hostname() && claim.stateFolder === pipeline.stateFolder;
    if (isDead || claim.untilMs < Date.now()) {
      await ledger.forget(key);
      continue;
    }
    throw new EvpipeError(
      'EVPIPE_LOCKED',
      `process ${claim.pid} on ${claim.host} is changing this pipeline right now; nothing was changed`,
      { todo: `Wait until it is done. If it died, its claim expires within ${CLAIM_MS / 1000} s.` },
    );
  }
}
